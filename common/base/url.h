// The address of an HTTP server as people write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace base {

// "https://host:port/path"; the port may be left out, and so may the path. No user, no fragment.
struct Url {
    bool is_secure = false;  // https
    std::string host;        // an IPv6 address without its brackets
    std::uint16_t port = 0;
    std::string target;  // "/v1/opamp", with what follows a question mark

    std::string authority() const;  // "host:port" as the Host header has it

    friend bool operator==(const Url&, const Url&) = default;
};

// Errors: what is wrong with it and what would be right.
Result<Url> parse_url(std::string_view text);

}  // namespace base
