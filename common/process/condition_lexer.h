// The words of a condition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace process {

struct Token {
    enum class Kind : std::uint8_t {
        end,
        name,
        text,
        number,
        sign
    };  // sign: == ( ) , and so on; also and, or, not, in

    Kind kind = Kind::end;
    std::string text;    // of a text: what it stands for
    std::size_t at = 0;  // its first character, counted from 1
};

// The last one is `end`. Errors: a text without its end, a character that begins nothing.
base::Result<std::vector<Token>> tokens_of(std::string_view condition);

}  // namespace process
