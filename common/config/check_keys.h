#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/config/problems.h"

namespace config {

// Holds a whole tree against the table of keys: unknown keys, wrong types, malformed durations and sizes, words that
// are not among the choices, and what belongs to a later version. What is reported is marked broken.
void check_keys(Value& root, Problems& problems);
void check_pipeline_keys(Value& pipeline, Problems& problems);  // of one pipeline's table, as [[pipelines]] has it

// `is not known (did you mean "x"?)`, for a word that should be one of `known`.
std::string unknown_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace config
