// ${env:NAME} and ${file:/path} in strings.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/config/problems.h"

namespace config {

// `text` with each ${env:NAME} and ${file:/path} replaced; `$${` stands for `${` itself. What a file contains is taken
// without its last line ending, and is not searched again. Blocks on the file.
base::Result<std::string> interpolate(std::string_view text);

// The same for every string of a tree; what cannot be replaced is reported and marked broken.
void interpolate(Value& value, Problems& problems);

// For what a center sends: ${file:NAME} is a file in `secrets_dir`, wherever links lead, and nothing else is open to
// it.
void interpolate_from(const std::string& secrets_dir, Value& value, Problems& problems);

// For the center itself, which knows no host: references are checked for their form and stay. A text with one in it is
// marked broken without a complaint, because nobody can tell here what it will be.
void check_references(Value& value, Problems& problems);

}  // namespace config
