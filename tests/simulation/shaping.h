// What the processors of a pipeline do, worked out the slow and plain way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/config.h"

namespace simulation {

enum class Shaping : std::uint8_t {
    none,       // a record is a line, as it is
    processed,  // some lines are dropped, some are changed
    joined,     // records of several lines
};

inline void shape(config::PipelineConfig& pipeline, Shaping shaping) {
    if (shaping == Shaping::processed)
        pipeline.processors = {{.name = "drop", .what = process::FilterOptions{.exclude = {R"(^\d*[37] \d)"}}},
                               {.name = "mask", .what = process::RedactOptions{.pattern = "77", .replacement = "<7>"}}};
    if (shaping == Shaping::joined) {
        auto& multiline = pipeline.source.multiline.emplace();
        multiline.goes_on = R"(^\d*[2-7] )";
        multiline.lines_max = 5;
        multiline.record_bytes_max = 3000;
    }
}

// What becomes of a line; none: it is dropped.
inline std::optional<std::string> shaped(std::string_view line, Shaping shaping) {
    std::string text(line);
    if (shaping != Shaping::processed) return text;
    const auto blank = line.find_first_not_of("0123456789");
    const bool has_number = blank != std::string_view::npos && blank > 0 && line[blank] == ' ';
    const bool is_followed = has_number && blank + 1 < line.size() && line[blank + 1] >= '0' && line[blank + 1] <= '9';
    if (is_followed && (line[blank - 1] == '3' || line[blank - 1] == '7')) return std::nullopt;
    for (auto at = text.find("77"); at != std::string::npos; at = text.find("77", at + 3)) text.replace(at, 2, "<7>");
    return text;
}

}  // namespace simulation
