// What an encoding says of a file's bytes, before anything is decoded: where lines end, what marks the encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/model/ids.h"
#include "common/config/config.h"

namespace agent::model {

// How "\n" is written. In all encodings but UTF-16 that byte is never part of another character.
enum class Newline : std::uint8_t { byte, utf16le, utf16be };

constexpr Newline newline_of(config::TextEncoding encoding) {
    if (encoding == config::TextEncoding::utf16le) return Newline::utf16le;
    return encoding == config::TextEncoding::utf16be ? Newline::utf16be : Newline::byte;
}

constexpr std::size_t newline_bytes(Newline newline) {
    return newline == Newline::byte ? 1 : 2;
}

constexpr std::size_t kLineEndingBytesMax = 4;  // "\r\n" in UTF-16

// Behind the first, the last newline of `bytes`; 0: there is none. `offset`: where they are in their file, for in
// UTF-16 a character begins at an even one.
std::size_t first_line_end(std::string_view bytes, FileOffset offset, Newline newline);
std::size_t last_line_end(std::string_view bytes, FileOffset offset, Newline newline);

// The length of a line, which has lost its newline, without the carriage return before that.
constexpr std::size_t without_carriage_return(std::string_view line, Newline newline) {
    using namespace std::string_view_literals;
    if (newline == Newline::byte) return line.ends_with('\r') ? line.size() - 1 : line.size();
    return line.ends_with(newline == Newline::utf16le ? "\r\0"sv : "\0\r"sv) ? line.size() - 2 : line.size();
}

// What the byte order mark says that `head`, a file's first bytes, begins with (Unicode 15, 23.8; for GB18030 its code
// for U+FEFF); UTF-8 where there is none. No answer: `head` may be the beginning of a longer one.
std::optional<config::TextEncoding> encoding_by_bom(std::string_view head);
constexpr std::size_t kBomBytesMax = 4;
constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";

}  // namespace agent::model
