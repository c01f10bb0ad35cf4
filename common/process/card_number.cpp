#include "common/process/card_number.h"

#include <ranges>

namespace process {

namespace {

constexpr std::size_t kDigitsMin = 13;
constexpr std::size_t kDigitsMax = 19;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::size_t end_of_group(std::string_view text, std::size_t at) {
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
}

bool leads_to_another_group(std::string_view text, std::size_t end) {
    return end + 1 < text.size() && (text[end] == ' ' || text[end] == '-') && is_digit(text[end + 1]);
}

// Every second digit from the right counts twice.
bool passes_luhn(std::string_view text) {
    int sum = 0;
    bool is_second = false;
    for (const char c : std::ranges::reverse_view(text)) {
        if (!is_digit(c)) continue;
        const int digit = c - '0';
        const int twice = digit * 2 > 9 ? (digit * 2) - 9 : digit * 2;
        sum += is_second ? twice : digit;
        is_second = !is_second;
    }
    return sum % 10 == 0;
}

// How long the longest card number is that begins with this group; 0: none does.
std::size_t length_from(std::string_view text, std::size_t begin) {
    std::size_t longest = 0;
    std::size_t digits = 0;
    for (auto at = begin;; ++at) {
        const auto end = end_of_group(text, at);
        digits += end - at;
        if (digits > kDigitsMax) return longest;
        const bool is_whole = end == text.size() || !is_word(text[end]);
        if (digits >= kDigitsMin && is_whole && passes_luhn(text.substr(begin, end - begin))) longest = end - begin;
        if (!leads_to_another_group(text, end)) return longest;
        at = end;
    }
}

}  // namespace

std::optional<Pattern::Found> find_card_number(std::string_view text, std::size_t from) {
    for (auto at = from; at < text.size(); ++at) {
        if (!is_digit(text[at])) continue;
        const bool begins_word = at == 0 || !is_word(text[at - 1]);
        const auto size = begins_word ? length_from(text, at) : 0;
        if (size > 0) return Pattern::Found{.begin = at, .size = size};
        at = end_of_group(text, at);
    }
    return std::nullopt;
}

}  // namespace process
