// Bytes as text: hexadecimal and base64.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace crypto {

std::string to_hex(std::string_view bytes);  // lower case
base::Result<std::string> from_hex(std::string_view text);

std::string to_base64(std::string_view bytes);  // with padding, on one line
base::Result<std::string> from_base64(std::string_view text);

}  // namespace crypto
