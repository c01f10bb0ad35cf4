// Durations and sizes as people write them in a config file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace base {

// "250ms" "30s" "5m" "1h"; a number and one unit, no sign, no space.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// "64KiB" "1MiB" "2GiB" (powers of 1024), "10kB" "10MB" "1GB" (powers of 1000), "512B" or "512"; result in bytes.
Result<std::uint64_t> parse_size(std::string_view text);

// How much a second.
struct Rate {
    enum class Unit : std::uint8_t { records, bytes };

    std::uint64_t per_second = 0;  // 0: no limit
    Unit unit = Unit::records;

    friend bool operator==(const Rate&, const Rate&) = default;
};

// "10MiB": bytes a second; "5000": records a second; "": no limit.
Result<Rate> parse_rate(std::string_view text);

// "1.5 MiB", "640 B": for people, never parsed again.
std::string show_size(std::uint64_t bytes);

}  // namespace base
