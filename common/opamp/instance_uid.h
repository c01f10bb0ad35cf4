// An agent's name in OpAMP: a UUID of version 7 (RFC 9562), as its 16 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace opamp {

// 48 bits of milliseconds, then chance. `random` is 10 bytes of it.
std::string make_instance_uid(std::uint64_t unix_ms, std::string_view random);
std::string new_instance_uid();  // of this moment

std::string instance_uid_text(std::string_view uid);  // "0193…-…", 36 characters
base::Result<std::string> parse_instance_uid(std::string_view text);

}  // namespace opamp
