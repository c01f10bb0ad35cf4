// Numbers as JSON writes them, since that is how a value keeps them.
#pragma once

#include <cstddef>
#include <string_view>

namespace process {

// Length of the JSON number that `text` begins with; 0: none.
std::size_t json_number_length(std::string_view text);
inline bool is_json_number(std::string_view text) {
    return !text.empty() && json_number_length(text) == text.size();
}

// A count of a log line ("0007") without what JSON refuses, a part of `digits`; "" where there is more than digits.
std::string_view count_of(std::string_view digits);

}  // namespace process
