#include "common/process/number.h"

#include "common/process/scanner.h"

namespace process {

namespace {

std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
}

}  // namespace

std::size_t json_number_length(std::string_view text) {
    const std::size_t whole = text.starts_with('-') ? 1 : 0;
    auto at = skip_digits(text, whole);
    if (at == whole) return 0;
    if (text[whole] == '0' && at > whole + 1) return whole + 1;
    if (at < text.size() && text[at] == '.') {
        const auto end = skip_digits(text, at + 1);
        if (end == at + 1) return at;
        at = end;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        const bool sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
        const auto begin = at + (sign ? 2U : 1U);
        const auto end = skip_digits(text, begin);
        if (end > begin) at = end;
    }
    return at;
}

std::string_view count_of(std::string_view digits) {
    if (digits.empty() || skip_digits(digits, 0) != digits.size()) return {};
    while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
    return digits;
}

}  // namespace process
