// What changed from one text to another, line by line.
#pragma once

#include <string>
#include <string_view>

namespace center::model {

// A unified diff with three lines of context, as `diff -u` shows it; "" where nothing changed.
std::string unified_diff(std::string_view from, std::string_view to, std::string_view from_name,
                         std::string_view to_name);

}  // namespace center::model
