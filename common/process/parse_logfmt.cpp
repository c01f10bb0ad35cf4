#include "common/process/parse_logfmt.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "common/process/members.h"

namespace process {

namespace {

bool is_blank(char c) {
    return static_cast<unsigned char>(c) <= ' ';
}

bool is_surrogate(std::uint32_t code) {
    return code >= 0xD800 && code <= 0xDFFF;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

// What stands between quotes, unescaped.
class Unescaper {
 public:
    explicit Unescaper(std::string_view text) : left_(text) {}

    const std::string& run(std::string& out) {
        out.clear();
        while (!left_.empty()) {
            const auto plain = left_.substr(0, left_.find('\\'));
            out += plain;
            left_.remove_prefix(plain.size());
            if (!left_.empty()) step(out);
        }
        return out;
    }

 private:
    // At a backslash.
    void step(std::string& out) {
        static constexpr std::string_view kLetters = "abfnrtv\"\\/'";
        static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\"\\/'";
        const char letter = left_.size() > 1 ? left_[1] : '\0';
        if (const auto at = kLetters.find(letter); at != std::string_view::npos) {
            out += kMeanings[at];
            left_.remove_prefix(2);
        } else if (const auto byte = letter == 'x' ? hex(2, 2) : std::nullopt) {
            out += static_cast<char>(*byte);
            left_.remove_prefix(4);
        } else if (!eat_character(letter, out)) {
            out += '\\';
            left_.remove_prefix(1);
        }
    }

    // \uXXXX, two of them for what lies beyond U+FFFF, \UXXXXXXXX.
    bool eat_character(char letter, std::string& out) {
        if (letter != 'u' && letter != 'U') return false;
        std::size_t size = letter == 'u' ? 6 : 10;
        auto code = hex(2, size - 2);
        if (code && letter == 'u' && *code >= 0xD800 && *code < 0xDC00 && left_.substr(size).starts_with("\\u")) {
            const auto low = hex(size + 2, 4);
            if (low && *low >= 0xDC00 && *low <= 0xDFFF) {
                code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
                size += 6;
            }
        }
        if (!code || *code > 0x10FFFF || is_surrogate(*code)) return false;
        append_utf8(out, *code);
        left_.remove_prefix(size);
        return true;
    }

    std::optional<std::uint32_t> hex(std::size_t at, std::size_t size) const {
        if (left_.size() < at + size) return std::nullopt;
        std::uint32_t value = 0;
        const auto* end = left_.data() + at + size;
        const auto [stop, error] = std::from_chars(left_.data() + at, end, value, 16);
        if (error != std::errc{} || stop != end) return std::nullopt;
        return value;
    }

    std::string_view left_;
};

class LogfmtParser final : public Parser {
 public:
    Parsed parse(std::string_view text, Record& record, Value::Table& into) override {
        into.reserve(kMembersExpected);
        bool has_pair = false;
        for (left_ = text; skip_blanks();) {
            const auto key = eat_key();
            if (key.empty()) return std::unexpected("a value without a key");
            auto value = Value::of_boolean(true);
            if (left_.starts_with('"')) return std::unexpected("a quote in a key");
            if (left_.starts_with('=')) {
                has_pair = true;
                const auto eaten = eat_value(record);
                if (!eaten) return std::unexpected("a quoted value without its end");
                value = Value::of_text(*eaten);
                if (!left_.empty() && !is_blank(left_[0])) return std::unexpected("no blank after a quoted value");
            }
            into.emplace_back(key, value);
        }
        if (!has_pair) return std::unexpected("no key=value");
        keep_last(into);
        return {};
    }

 private:
    bool skip_blanks() {
        while (!left_.empty() && is_blank(left_[0])) left_.remove_prefix(1);
        return !left_.empty();
    }

    std::string_view eat_key() {
        std::size_t size = 0;
        while (size < left_.size() && !is_blank(left_[size]) && left_[size] != '=' && left_[size] != '"') ++size;
        return take(size);
    }

    // At the "=".
    std::optional<std::string_view> eat_value(Record& record) {
        left_.remove_prefix(1);
        if (left_.starts_with('"')) return eat_quoted(record);
        std::size_t size = 0;
        while (size < left_.size() && !is_blank(left_[size])) ++size;
        return take(size);
    }

    std::optional<std::string_view> eat_quoted(Record& record) {
        left_.remove_prefix(1);
        std::size_t end = 0;
        while (end < left_.size() && left_[end] != '"') end += left_[end] == '\\' ? 2 : 1;
        if (end >= left_.size()) return std::nullopt;
        const auto inside = take(end);
        left_.remove_prefix(1);
        if (inside.find('\\') == std::string_view::npos) return inside;
        return record.keep(Unescaper(inside).run(unescaped_));
    }

    std::string_view take(std::size_t size) {
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }

    std::string_view left_;
    std::string unescaped_;
};

}  // namespace

std::unique_ptr<Parser> make_logfmt_parser() {
    return std::make_unique<LogfmtParser>();
}

}  // namespace process
