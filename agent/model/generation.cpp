#include "agent/model/generation.h"

#include <charconv>
#include <cstdint>
#include <tuple>

namespace agent::model {

namespace {

constexpr std::size_t kNumberDigitsMax = 5;  // of app.log.12345; more are a date
constexpr std::size_t kDateDigitsMin = 8;    // 20260101, and what follows of the time

// Behind its separator; empty: it has none.
std::string_view generation_of(std::string_view name) {
    const auto last = name.find_last_not_of("0123456789-");
    if (last == std::string_view::npos || last + 1 == name.size()) return {};
    auto ending = name.substr(last + 1);
    if (ending.front() != '-' && name[last] != '.') return {};
    if (ending.front() == '-') ending.remove_prefix(1);
    if (ending.find_first_of("0123456789") != 0) return {};
    const bool is_number = ending.size() <= kNumberDigitsMax && name[last] == '.' && !ending.contains('-');
    return is_number || ending.size() >= kDateDigitsMin ? ending : std::string_view();
}

// Ascending from the oldest: dates by themselves, then numbers downwards, then none.
auto place_of(std::string_view generation) {
    enum class Kind : std::uint8_t { date, number, none };
    std::uint32_t number = 0;
    if (generation.empty()) return std::tuple(Kind::none, generation, ~number);
    if (generation.size() > kNumberDigitsMax) return std::tuple(Kind::date, generation, ~number);
    std::from_chars(generation.data(), generation.data() + generation.size(), number);
    return std::tuple(Kind::number, std::string_view(), ~number);
}

}  // namespace

std::string_view without_generation(std::string_view name) {
    const auto generation = generation_of(name);
    return generation.empty() ? name : name.substr(0, name.size() - generation.size() - 1);
}

bool is_older_generation(std::string_view a, std::string_view b) {
    const auto file = without_generation(a) <=> without_generation(b);
    if (file != 0) return file < 0;
    return std::tuple(place_of(generation_of(a)), a) < std::tuple(place_of(generation_of(b)), b);
}

}  // namespace agent::model
