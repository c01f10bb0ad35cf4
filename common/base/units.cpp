#include "common/base/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <system_error>

#include "common/base/text.h"

namespace base {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<Unit, 4> kDurations = {{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 12> kSizes = {{{"", 1},
                                          {"B", 1},
                                          {"kB", 1000},
                                          {"KB", 1000},
                                          {"MB", 1'000'000},
                                          {"GB", 1'000'000'000},
                                          {"TB", 1'000'000'000'000},
                                          {"KiB", 1ULL << 10},
                                          {"MiB", 1ULL << 20},
                                          {"GiB", 1ULL << 30},
                                          {"TiB", 1ULL << 40},
                                          {"PiB", 1ULL << 50}}};

// Both results are signed or unsigned 64 bits; what fits the smaller of them fits each.
constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

enum class Fault { malformed, too_large };

std::expected<std::uint64_t, Fault> parse_number_and_unit(std::string_view text, std::span<const Unit> units) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::invalid_argument) return std::unexpected(Fault::malformed);
    const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& unit : units) {
        if (unit.name != name) continue;
        if (error == std::errc::result_out_of_range || number > kLargest / unit.factor) {
            return std::unexpected(Fault::too_large);
        }
        return number * unit.factor;
    }
    return std::unexpected(Fault::malformed);
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto value = parse_number_and_unit(text, kDurations);
    if (value) return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
    if (value.error() == Fault::too_large)
        return fail("{} is too long a duration (at most 290 million years)", quote(text));
    return fail("{} is not a duration (write a number and a unit: 250ms, 30s, 5m, 1h)", quote(text));
}

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto value = parse_number_and_unit(text, kSizes);
    if (value) return *value;
    if (value.error() == Fault::too_large) return fail("{} is too large a size (at most 8191PiB)", quote(text));
    return fail("{} is not a size (write a number and a unit: 512B, 64KiB, 1MiB, 10MB)", quote(text));
}

Result<Rate> parse_rate(std::string_view text) {
    if (text.empty()) return Rate{};
    const auto value = parse_number_and_unit(text, kSizes);
    if (!value || *value == 0)
        return fail(
            "{} is not a rate (write bytes a second, 10MiB, or records a second, 5000; leave it empty for none)",
            quote(text));
    const bool has_unit = text.find_first_not_of("0123456789") != std::string_view::npos;
    return Rate{.per_second = *value, .unit = has_unit ? Rate::Unit::bytes : Rate::Unit::records};
}

std::string show_size(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 6> kNames = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    constexpr double kRoundsUpToNext = 1023.95;
    if (bytes < 1024) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes) / 1024;
    std::size_t name = 0;
    while (value >= kRoundsUpToNext && name + 1 < kNames.size()) {
        value /= 1024;
        ++name;
    }
    return fmt::format("{:.1f} {}", value, kNames[name]);
}

}  // namespace base
