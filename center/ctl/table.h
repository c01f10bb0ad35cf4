// Columns for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace center::ctl {

using Row = std::vector<std::string>;

// A header in capitals and rows below it, columns as wide as what is in them; "-" for an empty cell.
std::string table(const Row& header, const std::vector<Row>& rows);

// "4 s", "12 min", "3 h", "5 d".
std::string show_age(double seconds);

// A unified diff with colours for a terminal.
std::string coloured(std::string_view diff);

bool is_terminal(int descriptor);

}  // namespace center::ctl
