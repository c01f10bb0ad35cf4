#include "agent/model/text_encoding.h"

#include <array>
#include <cstring>
#include <utility>

namespace agent::model {

namespace {

using config::TextEncoding;

constexpr std::size_t kUnitBytes = 2;

// Whether the byte at `at` is the one of a UTF-16 newline that is not zero.
bool is_newline(std::string_view bytes, std::size_t at, FileOffset offset, Newline newline) {
    const bool is_first = newline == Newline::utf16le;  // of its unit
    if (is_first == ((offset.value + at) % kUnitBytes != 0)) return false;
    if (is_first) return at + 1 < bytes.size() && bytes[at + 1] == '\0';
    return at > 0 && bytes[at - 1] == '\0';
}

std::size_t behind(std::size_t at, Newline newline) {
    return at + (newline == Newline::utf16le ? kUnitBytes : 1);
}

}  // namespace

std::size_t first_line_end(std::string_view bytes, FileOffset offset, Newline newline) {
    for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1))
        if (newline == Newline::byte || is_newline(bytes, at, offset, newline)) return behind(at, newline);
    return 0;
}

std::size_t last_line_end(std::string_view bytes, FileOffset offset, Newline newline) {
    std::size_t left = bytes.size();  // to be searched
    while (const auto* last = static_cast<const char*>(::memrchr(bytes.data(), '\n', left))) {
        left = static_cast<std::size_t>(last - bytes.data());
        if (newline == Newline::byte || is_newline(bytes, left, offset, newline)) return behind(left, newline);
    }
    return 0;
}

std::optional<TextEncoding> encoding_by_bom(std::string_view head) {
    constexpr std::array<std::pair<std::string_view, TextEncoding>, 4> kBoms{{
        {kUtf8Bom, TextEncoding::utf8},
        {"\xFF\xFE", TextEncoding::utf16le},
        {"\xFE\xFF", TextEncoding::utf16be},
        {"\x84\x31\x95\x33", TextEncoding::gb18030},
    }};
    for (const auto& [bom, encoding] : kBoms) {
        if (head.starts_with(bom)) return encoding;
        if (bom.starts_with(head)) return std::nullopt;
    }
    return TextEncoding::utf8;
}

}  // namespace agent::model
