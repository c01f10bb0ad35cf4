// Card numbers in a text.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/process/pattern.h"

namespace process {

// 13 to 19 digits, in groups with a single space or dash between them or in one, that pass the Luhn check (ISO/IEC
// 7812-1); the first that begins at `from` or later. Other digits may stand around it, as a time in front of it: it is
// looked for from each group to each, the longest first.
std::optional<Pattern::Found> find_card_number(std::string_view text, std::size_t from);

}  // namespace process
