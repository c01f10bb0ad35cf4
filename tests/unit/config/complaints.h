// What parse() has to say about a text, as `venus-agent check` would print it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/load.h"

namespace config {

inline std::vector<std::string> complaints(std::string_view toml, const PropertyCheck& check = {}) {
    std::vector<std::string> lines;
    const auto config = parse(toml, check);
    if (config) return lines;
    for (const auto& problem : config.error()) lines.push_back(show(problem, "a.toml"));
    return lines;
}

// The one complaint, without file and position; all of them, where it is not one.
inline std::string complaint(std::string_view toml) {
    const auto config = parse(toml);
    if (config) return "ok";
    std::string text;
    for (const auto& problem : config.error()) {
        if (!text.empty()) text += "\n";
        text += problem.key + ": " + problem.message;
    }
    return text;
}

}  // namespace config
