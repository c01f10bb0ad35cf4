#include "agent/admin/status_report.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <fmt/format.h>

#include "agent/admin/columns.h"
#include "agent/admin/json_text.h"
#include "common/base/units.h"

namespace agent::admin {

namespace json = boost::json;

namespace {

constexpr std::size_t kFilesShownMax = 20;  // of a pipeline, in the text; the JSON has all
constexpr std::size_t kWidthMax = 10'000;   // nothing is cut: this text is searched, too

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
            {"losses", pipeline.losses},
            {"bytes", books_json(pipeline.books)},
            {"files", std::move(files)}};
}

json::value age_json(const std::optional<std::chrono::seconds>& age) {
    return age ? json::value(age->count()) : json::value(nullptr);
}

json::value center_json(const std::optional<model::CenterStatus>& center) {
    if (!center) return nullptr;
    return json::object{{"endpoint", center->endpoint},
                        {"instance_uid", center->instance_uid},
                        {"connected", center->connected},
                        {"last_contact_seconds", age_json(center->last_contact)},
                        {"denied", center->denied},
                        {"error", center->error},
                        {"offered_hash", center->offered_hash},
                        {"effective_hash", center->effective_hash},
                        {"apply_status", center->apply_status},
                        {"apply_error", center->apply_error},
                        {"revision", center->revision},
                        {"config_age_seconds", age_json(center->config_age)}};
}

std::string text_of(const json::value& value, const char* key) {
    return printable(std::string_view(value.at(key).as_string()));
}

std::uint64_t number_of(const json::value& value, const char* key) {
    return value.at(key).to_number<std::uint64_t>();
}

// "346.6 KiB (truncated)"
std::string given_up_text(const json::value& bytes_by_reason) {
    std::uint64_t bytes = 0;
    std::string reasons;
    for (const auto& [reason, value] : bytes_by_reason.as_object()) {
        const auto more = value.to_number<std::uint64_t>();
        bytes += more;
        if (more > 0) reasons += (reasons.empty() ? "" : ", ") + std::string(reason);
    }
    return bytes == 0 ? "" : fmt::format("{} ({})", base::show_size(bytes), reasons);
}

// What does not arrive, where there is any.
void append_given_up(std::string& out, const json::value& pipeline) {
    const auto& bytes = pipeline.at("bytes");
    if (const auto dropped = given_up_text(bytes.at("dropped")); !dropped.empty())
        fmt::format_to(std::back_inserter(out), "  dropped {}\n", dropped);
    if (const auto losses = number_of(pipeline, "losses"); losses > 0) {
        const auto lost = given_up_text(bytes.at("lost"));
        fmt::format_to(std::back_inserter(out), "  LOST {}, {} {} (the log has paths and bytes)\n",
                       lost.empty() ? "perhaps something" : lost, losses, losses == 1 ? "time" : "times");
    }
}

std::string_view state_of(const json::value& pipeline) {
    if (!pipeline.at("healthy").as_bool()) return "DEGRADED";
    return pipeline.at("throttled").as_bool() ? "throttled by a limit of rate or CPU" : "healthy";
}

void append_pipelines(std::string& out, const json::array& pipelines) {
    if (pipelines.empty()) return;
    const std::vector<Column> columns{{.heading = "PIPELINE", .side = Side::left},
                                      {.heading = "LINES READ"},
                                      {.heading = "RECORDS ACKED"},
                                      {.heading = "LAG"},
                                      {.heading = "IN FLIGHT"},
                                      {.heading = "STATE", .side = Side::left},
                                      {.heading = "SINK", .side = Side::left}};
    std::vector<Cells> rows;
    for (const auto& pipeline : pipelines) {
        const auto& sink = pipeline.at("sink");
        rows.push_back({text_of(pipeline, "name"), std::to_string(number_of(pipeline, "lines_read")),
                        std::to_string(number_of(pipeline, "records_acked")),
                        base::show_size(number_of(pipeline, "lag_bytes")),
                        base::show_size(number_of(pipeline, "in_flight_bytes")), std::string(state_of(pipeline)),
                        text_of(sink, "type") + " " + text_of(sink, "target")});
    }
    out += '\n';
    for (const auto& line : lay_out(columns, rows, kWidthMax)) out += line + "\n";
}

void append_files(std::string& out, const json::value& pipeline) {
    fmt::format_to(std::back_inserter(out), "\npipeline {}\n", text_of(pipeline, "name"));
    append_given_up(out, pipeline);
    auto files = pipeline.at("files").as_array();
    if (files.empty()) {
        out += "  no file matches yet\n";
        return;
    }
    const auto rank = [](const auto& file) { return std::pair(~number_of(file, "lag"), text_of(file, "path")); };
    std::ranges::sort(files, {}, rank);  // most lag first
    const std::vector<Column> columns{{.heading = "OFFSET"},
                                      {.heading = "SIZE"},
                                      {.heading = "LAG"},
                                      {.heading = "STATE", .side = Side::left},
                                      {.heading = "FILE", .side = Side::left}};
    std::vector<Cells> rows;
    for (std::size_t i = 0; i < std::min(files.size(), kFilesShownMax); ++i)
        rows.push_back({std::to_string(number_of(files[i], "offset")), std::to_string(number_of(files[i], "size")),
                        base::show_size(number_of(files[i], "lag")), text_of(files[i], "state"),
                        text_of(files[i], "path")});
    for (const auto& line : lay_out(columns, rows, kWidthMax)) out += "  " + line + "\n";
    if (files.size() > kFilesShownMax)
        fmt::format_to(std::back_inserter(out), "  … and {} more with less lag (--json shows all)\n",
                       files.size() - kFilesShownMax);
}

std::string age_text(const json::value& seconds, const char* otherwise) {
    return seconds.is_null() ? otherwise : show_duration(seconds.to_number<double>()) + " ago";
}

std::string_view link_text(const json::value& center) {
    if (center.at("connected").as_bool()) return "connected";
    return center.at("denied").as_bool() ? "REFUSES THIS AGENT" : "OUT OF REACH";
}

void append_center(std::string& out, const json::value& center) {
    if (center.is_null()) return;
    fmt::format_to(std::back_inserter(out), "center {}  {}  last contact {}\n", text_of(center, "endpoint"),
                   link_text(center), age_text(center.at("last_contact_seconds"), "never"));
    if (const auto error = text_of(center, "error"); !error.empty())
        fmt::format_to(std::back_inserter(out), "  ! {}\n", error);
    if (text_of(center, "effective_hash").empty())
        out += "  no central config yet\n";
    else
        fmt::format_to(std::back_inserter(out), "  config {}  revision {}  hash {:.12}  found good {}\n",
                       text_of(center, "apply_status"), number_of(center, "revision"),
                       text_of(center, "effective_hash"), age_text(center.at("config_age_seconds"), "not yet"));
    if (const auto error = text_of(center, "apply_error"); !error.empty())
        fmt::format_to(std::back_inserter(out), "  ! {} refused: {}\n", text_of(center, "offered_hash").substr(0, 12),
                       error);
}

std::string text_of_report(const json::value& report) {
    std::string out =
        fmt::format("{} {}  {}  up {}  config {}\n", text_of(report, "name"), text_of(report, "version"),
                    text_of(report, "health") == "healthy" ? "healthy" : "DEGRADED",
                    show_duration(report.at("uptime_seconds").to_number<double>()), text_of(report, "config_file"));
    for (const auto& reason : report.at("reasons").as_array())
        fmt::format_to(std::back_inserter(out), "  ! {}\n", printable(std::string_view(reason.as_string())));
    const auto& memory = report.at("memory");
    fmt::format_to(std::back_inserter(out), "in flight {} of {}\n",
                   base::show_size(number_of(memory, "in_flight_bytes")),
                   base::show_size(number_of(memory, "limit_bytes")));
    append_center(out, report.at("center"));
    const auto& pipelines = report.at("pipelines").as_array();
    append_pipelines(out, pipelines);
    for (const auto& pipeline : pipelines) append_files(out, pipeline);
    return out;
}

}  // namespace

std::string status_json(const AgentAbout& about, const pipeline::ShardStatus& status, const Health& health) {
    json::array pipelines;
    for (const auto& pipeline : status.pipelines) pipelines.push_back(pipeline_json(pipeline));
    return json_text(json::object{
        {"name", about.name},
        {"version", about.version},
        {"session", about.session},
        {"config_file", about.config_file},
        {"uptime_seconds", about.uptime.count()},
        {"health", health.healthy() ? "healthy" : "degraded"},
        {"reasons", json::array(health.reasons.begin(), health.reasons.end())},
        {"store_set_aside", about.store_set_aside},
        {"memory", {{"in_flight_bytes", status.in_flight_bytes}, {"limit_bytes", status.memory_limit_bytes}}},
        {"center", center_json(about.center)},
        {"pipelines", std::move(pipelines)}});
}

base::Result<std::string> status_text(std::string_view text) {
    try {
        return text_of_report(json::parse(text));
    } catch (const std::exception&) {  // not JSON, or of another shape: Boost.JSON says either that way
        return base::fail("{}", kUnreadableAnswer);
    }
}

int status_exit_code(std::string_view text) {
    constexpr int kUnreadable = 1;
    constexpr int kDegraded = 3;
    try {
        return text_of(json::parse(text), "health") == "healthy" ? 0 : kDegraded;
    } catch (const std::exception&) {
        return kUnreadable;
    }
}

}  // namespace agent::admin
