#include "agent/admin/status_report.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <utility>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <fmt/format.h>

#include "common/base/units.h"

namespace agent::admin {

namespace json = boost::json;

namespace {

constexpr std::size_t kFilesShownMax = 20;  // of a pipeline, in the text; the JSON has all

template <std::size_t N>
json::object by_reason(const std::array<std::uint64_t, N>& bytes, const std::array<const char*, N>& reasons) {
    json::object object;
    for (std::size_t i = 0; i < N; ++i) object[reasons.at(i)] = bytes.at(i);
    return object;
}

json::object books_json(const model::Books& books) {
    return {{"seen", books.seen},
            {"read", books.read},
            {"acked", books.acked},
            {"dropped", by_reason(books.dropped, model::kDropReasons)},
            {"lost", by_reason(books.lost, model::kLossReasons)}};
}

json::object file_json(const pipeline::FileStatus& file) {
    return {{"path", file.path},
            {"file_id", file.identity.text()},
            {"size", file.size_bytes},
            {"offset", file.watermark.value},
            {"read_offset", file.read_offset.value},
            {"lag", file.lag_bytes},
            {"state", file.state},
            {"bytes", books_json(file.books)}};
}

json::object pipeline_json(const pipeline::PipelineStatus& pipeline) {
    json::array files;
    for (const auto& file : pipeline.files) files.push_back(file_json(file));
    return {{"name", pipeline.name},
            {"healthy", pipeline.sink.healthy && pipeline.rewinding == 0},
            {"sink",
             {{"type", pipeline.sink.type},
              {"target", pipeline.sink.target},
              {"healthy", pipeline.sink.healthy},
              {"trouble", pipeline.sink.trouble}}},
            {"lines_read", pipeline.lines_read},
            {"records_acked", pipeline.records_acked},
            {"lag_bytes", pipeline.lag_bytes},
            {"in_flight_bytes", pipeline.in_flight_bytes},
            {"throttled", pipeline.throttled},
            {"bytes", books_json(pipeline.books)},
            {"files", std::move(files)}};
}

std::string text_of(const json::value& value, const char* key) {
    return std::string(value.at(key).as_string());
}

std::uint64_t number_of(const json::value& value, const char* key) {
    return value.at(key).to_number<std::uint64_t>();
}

void append_pipeline(std::string& out, const json::value& pipeline) {
    const auto& sink = pipeline.at("sink");
    fmt::format_to(std::back_inserter(out), "\npipeline {}  →  {} {}  {}{}\n", text_of(pipeline, "name"),
                   text_of(sink, "type"), text_of(sink, "target"),
                   pipeline.at("healthy").as_bool() ? "healthy" : "DEGRADED",
                   pipeline.at("throttled").as_bool() ? "  throttled by a limit of rate or CPU" : "");
    fmt::format_to(std::back_inserter(out), "  lines read {}  records acked {}  lag {}  in flight {}\n",
                   number_of(pipeline, "lines_read"), number_of(pipeline, "records_acked"),
                   base::show_size(number_of(pipeline, "lag_bytes")),
                   base::show_size(number_of(pipeline, "in_flight_bytes")));
    auto files = pipeline.at("files").as_array();
    if (files.empty()) {
        out += "  no file matches yet\n";
        return;
    }
    const auto rank = [](const auto& file) { return std::pair(~number_of(file, "lag"), text_of(file, "path")); };
    std::ranges::sort(files, {}, rank);  // most lag first
    fmt::format_to(std::back_inserter(out), "  {:>12} {:>12} {:>10}  {:<9} {}\n", "OFFSET", "SIZE", "LAG", "STATE",
                   "FILE");
    for (std::size_t i = 0; i < std::min(files.size(), kFilesShownMax); ++i)
        fmt::format_to(std::back_inserter(out), "  {:>12} {:>12} {:>10}  {:<9} {}\n", number_of(files[i], "offset"),
                       number_of(files[i], "size"), base::show_size(number_of(files[i], "lag")),
                       text_of(files[i], "state"), text_of(files[i], "path"));
    if (files.size() > kFilesShownMax)
        fmt::format_to(std::back_inserter(out), "  … and {} more with less lag (--json shows all)\n",
                       files.size() - kFilesShownMax);
}

std::string text_of_report(const json::value& report) {
    std::string out = fmt::format("{} {}  {}  up {}s  config {}\n", text_of(report, "name"), text_of(report, "version"),
                                  text_of(report, "health") == "healthy" ? "healthy" : "DEGRADED",
                                  number_of(report, "uptime_seconds"), text_of(report, "config_file"));
    for (const auto& reason : report.at("reasons").as_array())
        fmt::format_to(std::back_inserter(out), "  ! {}\n", std::string_view(reason.as_string()));
    const auto& memory = report.at("memory");
    fmt::format_to(std::back_inserter(out), "in flight {} of {}\n",
                   base::show_size(number_of(memory, "in_flight_bytes")),
                   base::show_size(number_of(memory, "limit_bytes")));
    for (const auto& pipeline : report.at("pipelines").as_array()) append_pipeline(out, pipeline);
    return out;
}

}  // namespace

std::string status_json(const AgentAbout& about, const pipeline::ShardStatus& status, const Health& health) {
    json::array pipelines;
    for (const auto& pipeline : status.pipelines) pipelines.push_back(pipeline_json(pipeline));
    const json::object report{
        {"name", about.name},
        {"version", about.version},
        {"session", about.session},
        {"config_file", about.config_file},
        {"uptime_seconds", about.uptime.count()},
        {"health", health.healthy() ? "healthy" : "degraded"},
        {"reasons", json::array(health.reasons.begin(), health.reasons.end())},
        {"store_set_aside", about.store_set_aside},
        {"memory", {{"in_flight_bytes", status.in_flight_bytes}, {"limit_bytes", status.memory_limit_bytes}}},
        {"pipelines", std::move(pipelines)}};
    return json::serialize(report) + "\n";
}

std::string status_text(std::string_view text) {
    try {
        return text_of_report(json::parse(text));
    } catch (const std::exception&) {  // not JSON, or of another shape: Boost.JSON says either that way
        return {};
    }
}

int status_exit_code(std::string_view text) {
    constexpr int kDegraded = 3;
    try {
        return text_of(json::parse(text), "health") == "healthy" ? 0 : kDegraded;
    } catch (const std::exception&) {
        return kDegraded;
    }
}

}  // namespace agent::admin
