// Records of any bytes: they follow one another, lie inside the extent and none is longer than the limit. Wherever a
// read ends, the same lines are joined.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/split/framing.h"
#include "common/base/assert.h"

namespace {

using agent::model::Extent;
using agent::model::FileOffset;
using agent::split::Framing;

constexpr FileOffset kBegin{1000};

config::FileSourceConfig source_of(std::uint8_t limit, std::uint8_t choice) {
    config::FileSourceConfig source;
    source.max_line_bytes = 1U + limit % 64U;
    source.long_line = static_cast<config::LongLine>(choice % 3);
    auto& multiline = source.multiline.emplace();
    multiline.lines_max = 2U + choice % 7U;
    multiline.record_bytes_max = 8U + limit;
    switch (choice / 3 % 6) {
        case 0:
            multiline.start = "^[a-m]";
            break;
        case 1:
            multiline.goes_on = R"(^\s)";
            break;
        case 2:
            multiline.end = ";$";
            break;
        case 3:
            multiline.preset = process::StackTraces::python;
            break;
        case 4:
            multiline.preset = process::StackTraces::go;
            break;
        default:
            source.multiline.reset();
    }
    return source;
}

Extent extent_of(const std::string& bytes, std::size_t begin) {
    Extent extent;
    extent.begin = kBegin + begin;
    extent.end = kBegin + bytes.size();
    extent.bytes = std::string_view(bytes).substr(begin);
    return extent;
}

void check(const Extent& extent, const std::string& bytes, const config::FileSourceConfig& source) {
    const auto bytes_max = std::max(source.max_line_bytes, source.multiline ? source.multiline->record_bytes_max : 0);
    auto at = extent.begin;
    for (const auto& record : extent.records) {
        AGENT_ASSERT(record.size <= bytes_max);
        AGENT_ASSERT(record.begin >= at && record.begin <= record.end && record.end <= extent.end);
        AGENT_ASSERT(record.data >= bytes.data() && record.data + record.size <= bytes.data() + bytes.size());
        AGENT_ASSERT(source.multiline || std::ranges::count(record.line(), '\n') == 0);
        at = record.end;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const auto source = source_of(data[0], data[1]);
    const auto framing = *Framing::make(source);
    std::string bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
    bytes += '\n';  // the reader stops at a line ending
    auto whole = extent_of(bytes, 0);
    (void)agent::split::frame(whole, framing, agent::split::kNothingFollows);
    check(whole, bytes, source);
    AGENT_ASSERT(whole.end == kBegin + bytes.size());

    // The first record alone, and what is behind it.
    if (whole.records.empty()) return 0;
    auto first = extent_of(bytes, 0);
    (void)agent::split::frame(first, framing, agent::split::kNothingFollows, 1);
    AGENT_ASSERT(first.records.size() == 1 && first.records[0].line() == whole.records[0].line());
    if (first.end == whole.end || bytes[first.end - kBegin - 1] != '\n') return 0;
    auto rest = extent_of(bytes, first.end - kBegin);
    (void)agent::split::frame(rest, framing, agent::split::kNothingFollows);
    AGENT_ASSERT(rest.records.size() + 1 == whole.records.size());
    for (std::size_t i = 0; i < rest.records.size(); ++i)
        AGENT_ASSERT(rest.records[i].begin == whole.records[i + 1].begin &&
                     rest.records[i].line() == whole.records[i + 1].line());
    return 0;
}
