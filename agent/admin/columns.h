// Text in columns, as wide as a screen allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace agent::admin {

// Cells of a screen that a text takes: Chinese characters take two. What is no character is shown as one.
std::size_t width_of(std::string_view text);

// The text without what would move a terminal's cursor or change its colours: names of files are anybody's.
std::string printable(std::string_view text);

// At most `width` cells, with … in place of what is left out.
std::string cut_end(std::string_view text, std::size_t width);
std::string cut_beginning(std::string_view text, std::size_t width);  // paths: what differs is their end

// "4 s", "12 min", "3 h", "5 d".
std::string show_duration(double seconds);

enum class Side : std::uint8_t { left, right };

struct Column {
    std::string heading;
    Side side = Side::right;
    int importance = 0;         // where all cannot be shown, those of the least go first
    std::size_t width_min = 0;  // of one that may be cut; 0: it is not cut
    bool is_path = false;       // cut at its beginning
};

using Cells = std::vector<std::string>;

// The heading and a line for each row, none wider than `width`.
std::vector<std::string> lay_out(const std::vector<Column>& columns, const std::vector<Cells>& rows, std::size_t width);

}  // namespace agent::admin
