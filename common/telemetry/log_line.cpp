#include "common/telemetry/log_line.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>

#include "common/base/text.h"

namespace telemetry {

namespace {

struct LevelName {
    std::string_view text;  // padded, so that messages start in one column
    std::string_view json;
};

LevelName name_of(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::trace:
            return {.text = "TRACE", .json = "trace"};
        case config::LogLevel::debug:
            return {.text = "DEBUG", .json = "debug"};
        case config::LogLevel::info:
            return {.text = "INFO ", .json = "info"};
        case config::LogLevel::warn:
            return {.text = "WARN ", .json = "warn"};
        case config::LogLevel::error:
            return {.text = "ERROR", .json = "error"};
    }
    return {};
}

std::string show_time(std::chrono::system_clock::time_point time) {
    using std::chrono::milliseconds;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto rest = std::chrono::duration_cast<milliseconds>(time - seconds);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       rest.count());
}

bool is_plain(std::string_view value) {
    return !value.empty() &&
           std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '='; });
}

std::string json_string(std::string_view bytes) {
    const auto text = base::valid_utf8(bytes);
    return boost::json::serialize(boost::json::string_view(text));
}

}  // namespace

std::string as_text(const Event& event) {
    auto out = fmt::format("{} {} {}", show_time(event.time), name_of(event.level).text, event.message);
    for (const auto& field : event.fields) {
        fmt::format_to(std::back_inserter(out), " {}={}", field.name,
                       is_plain(field.value) ? field.value : base::quote(field.value));
    }
    std::ranges::replace(out, '\n', ' ');
    return out;
}

std::string as_json(const Event& event) {
    auto out = fmt::format(R"({{"time":"{}","level":"{}","message":{})", show_time(event.time),
                           name_of(event.level).json, json_string(event.message));
    for (const auto& field : event.fields) {
        fmt::format_to(std::back_inserter(out), ",{}:{}", json_string(field.name),
                       field.number ? field.value : json_string(field.value));
    }
    out += '}';
    return out;
}

}  // namespace telemetry
