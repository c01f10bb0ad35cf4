#include "common/base/text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

namespace base {

namespace {

// What may follow the lead byte: how many bytes, and the range of the first of them (which excludes overlong forms,
// surrogates and what lies beyond U+10FFFF).
struct Sequence {
    std::size_t length = 0;  // 0: not a lead byte
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
};

Sequence sequence_of(unsigned char lead) {
    if (lead < 0x80) return {.length = 1};
    if (lead >= 0xC2 && lead <= 0xDF) return {.length = 2};
    if (lead == 0xE0) return {.length = 3, .low = 0xA0};
    if (lead == 0xED) return {.length = 3, .high = 0x9F};
    if (lead >= 0xE1 && lead <= 0xEF) return {.length = 3};
    if (lead == 0xF0) return {.length = 4, .low = 0x90};
    if (lead >= 0xF1 && lead <= 0xF3) return {.length = 4};
    if (lead == 0xF4) return {.length = 4, .high = 0x8F};
    return {};
}

void append_quoted(std::string& out, char character) {
    switch (character) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) {
                out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character));
            } else {
                out += character;
            }
    }
}

// Optimal string alignment distance: insertion, deletion, replacement and the swap of neighbours cost one each.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto sequence = sequence_of(byte(0));
    if (sequence.length > text.size()) return 0;
    for (std::size_t i = 1; i < sequence.length; ++i) {
        const bool first = i == 1;
        if (byte(i) < (first ? sequence.low : 0x80) || byte(i) > (first ? sequence.high : 0xBF)) return 0;
    }
    return sequence.length;
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto length = utf8_length(text);
        if (length > 1) {
            out += text.substr(0, length);
        } else if (length == 1) {
            append_quoted(out, text[0]);
        } else {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
    return out;
}

std::string valid_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto length = utf8_length(bytes);
        out += length > 0 ? bytes.substr(0, length) : std::string_view("\xEF\xBF\xBD");
        bytes.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::optional<Nearest> nearest(std::string_view word, std::span<const std::string_view> known) {
    constexpr std::size_t kWordBytesMax = 64;  // longer ones are nobody's slip, and the distance is quadratic
    std::optional<Nearest> best;
    std::size_t fewest = 0;
    const auto head = word.substr(0, kWordBytesMax);
    for (const auto candidate : known) {
        const auto distance = edits(head, candidate.substr(0, kWordBytesMax));
        if (best && distance >= fewest) continue;
        fewest = distance;
        const auto allowed = std::max<std::size_t>(1, std::max(head.size(), candidate.size()) / 3);
        best = Nearest{.word = candidate, .is_close = word.size() <= kWordBytesMax && distance <= allowed};
    }
    return best;
}

}  // namespace base
