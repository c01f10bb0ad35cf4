// Text as it is shown to people and machines.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace base {

// In double quotes, on one line: quotes, backslashes, control characters and bytes that are not UTF-8 are escaped.
std::string quote(std::string_view text);

// Length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) that `text`, which is not empty, begins with; 0:
// none.
std::size_t utf8_length(std::string_view text);

// The same text with U+FFFD for each byte that is not part of valid UTF-8. File names are bytes; JSON is not.
std::string valid_utf8(std::string_view bytes);

// The known word with the fewest edits from `word` (a swap of neighbours is one edit); none if there are no words.
struct Nearest {
    std::string_view word;
    bool is_close = false;  // close enough to be a slip of the keyboard
};
std::optional<Nearest> nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace base
