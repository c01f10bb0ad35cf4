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

}  // namespace config
