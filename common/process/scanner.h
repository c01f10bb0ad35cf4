// Reading a text from its beginning.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace process {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// What is left of a text. Each step says whether it found what it looks for, and eats it only then.
class Scanner {
 public:
    explicit Scanner(std::string_view text) : left_(text) {}

    std::string_view left() const { return left_; }

    bool eat(std::string_view mark) {
        if (!left_.starts_with(mark)) return false;
        left_.remove_prefix(mark.size());
        return true;
    }

    std::string_view take(std::size_t size) {
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }

    std::string_view word() { return take(std::min(left_.find(' '), left_.size())); }

    // What stands before `mark`, which is eaten as well.
    std::optional<std::string_view> until(std::string_view mark) { return take_until(left_.find(mark), mark.size()); }
    std::optional<std::string_view> until(char mark) { return take_until(left_.find(mark), 1); }

    // The same up to a quote without a backslash before it.
    std::optional<std::string_view> until_quote() {
        auto at = left_.find('"');
        while (at != std::string_view::npos && is_escaped(at)) at = left_.find('"', at + 1);
        return take_until(at, 1);
    }

 private:
    std::optional<std::string_view> take_until(std::size_t at, std::size_t mark) {
        if (at == std::string_view::npos) return std::nullopt;
        const auto taken = left_.substr(0, at);
        left_.remove_prefix(at + mark);
        return taken;
    }

    bool is_escaped(std::size_t at) const {
        auto first = at;
        while (first > 0 && left_[first - 1] == '\\') --first;
        return (at - first) % 2 != 0;
    }

    std::string_view left_;
};

}  // namespace process
