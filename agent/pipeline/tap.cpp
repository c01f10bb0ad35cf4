#include "agent/pipeline/tap.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/process/json_writer.h"

namespace agent::pipeline {

void Tap::look(const model::Extent& extent, const std::string& path) {
    for (const auto& record : extent.records) {
        if (records_.size() >= kRecordsMax) return;
        std::string line = R"({"path":)";
        process::append_json_string(line, path);
        line += fmt::format(R"(,"offset":{},"record":)", record.begin.value);
        process::append_json_string(line, record.line().substr(0, kRecordBytesMax));
        line += record.size > kRecordBytesMax ? ",\"cut\":true}" : "}";
        records_.push_back(std::move(line));
    }
}

std::string Tap::fetch(std::chrono::steady_clock::time_point now) {
    fetched_at_ = now;
    std::string lines;
    for (const auto& record : std::exchange(records_, {})) lines += record + '\n';
    return lines;
}

}  // namespace agent::pipeline
