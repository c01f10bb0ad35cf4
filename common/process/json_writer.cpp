#include "common/process/json_writer.h"

#include <cstdint>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "common/base/text.h"

namespace process {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
}

bool is_plain(char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

template <typename Word>
std::uint64_t load(const char* at) {
    Word word = 0;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

bool are_plain(std::uint64_t eight) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighs = 0x8080808080808080;
    const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word; };
    const auto has_control = (eight - (kOnes * 0x20)) & ~eight;
    const auto has_quote = has_zero(eight ^ (kOnes * '"')) | has_zero(eight ^ (kOnes * '\\'));
    return ((eight | has_control | has_quote) & kHighs) == 0;
}

// How many characters of `text` stand for themselves; eight at a time, for most do, the last eight once more.
std::size_t plain_length(std::string_view text) {
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    constexpr std::size_t kHalf = sizeof(std::uint32_t);
    const char* const begin = text.data();
    const auto size = text.size();
    std::size_t at = 0;
    if (size >= kWord) {
        while (at + kWord <= size && are_plain(load<std::uint64_t>(begin + at))) at += kWord;
        if (at + kWord > size && are_plain(load<std::uint64_t>(begin + size - kWord))) return size;
    } else if (size >= kHalf) {
        const auto last = load<std::uint32_t>(begin + size - kHalf);
        if (are_plain(load<std::uint32_t>(begin) | (last << 32))) return size;
    }
    while (at < size && is_plain(begin[at])) ++at;
    return at;
}

void append_plain(std::string& out, std::string_view text) {
    const auto begin = out.size();
    const auto end = begin + text.size() + 2;
    out.resize_and_overwrite(end, [&](char* data, std::size_t /*may be more*/) {
        data[begin] = '"';
        text.copy(data + begin + 1, text.size());
        data[end - 1] = '"';
        return end;
    });
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    auto plain = plain_length(text);
    if (plain == text.size()) return append_plain(out, text);
    out += '"';
    for (;; plain = plain_length(text)) {
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;

        const std::size_t length = base::utf8_length(text);
        if (length == 0)
            out += kReplacement;
        else if (length == 1)
            append_escaped(out, text[0]);
        else
            out.append(text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

void append_json(std::string& out, const Value& value) {
    switch (value.kind) {
        case Value::Kind::null:
            out += "null";
            break;
        case Value::Kind::boolean:
            out += value.boolean ? "true" : "false";
            break;
        case Value::Kind::number:
            out += value.text;
            break;
        case Value::Kind::text:
            append_json_string(out, value.text);
            break;
        case Value::Kind::list:
            out += '[';
            for (const auto& item : *value.list) {
                if (&item != value.list->data()) out += ',';
                append_json(out, item);
            }
            out += ']';
            break;
        case Value::Kind::table:
            append_json(out, *value.table);
            break;
    }
}

void append_json(std::string& out, const Value::Table& table) {
    out += '{';
    for (const auto& member : table) {
        if (&member != table.data()) out += ',';
        append_json_string(out, member.name);
        out += ':';
        append_json(out, member.value);
    }
    out += '}';
}

}  // namespace process
