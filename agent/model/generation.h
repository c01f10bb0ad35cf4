// What rotation makes of a name: app.log.1, app.log.2; app.log-20260101, app.log.2026-01-02.
#pragma once

#include <string_view>

namespace agent::model {

// The name or path without what rotation added: what all generations of a file have in common.
std::string_view without_generation(std::string_view name);

// Of two names without their folder: whether the first comes before the second, generations of one file from the oldest
// to the one without an ending. A strict weak order, by name otherwise.
bool is_older_generation(std::string_view a, std::string_view b);

}  // namespace agent::model
