// Time zones, without the C library's: that one is the process's, and only one at a time.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace process {

// What clocks show, by the moment.
//
// Limitations: read once; a new tzdata is seen when it is made again. Leap seconds are not known.
class Zone {
 public:
    // "UTC", "local" (/etc/localtime; UTC where there is none), "+08:00", or a name in /usr/share/zoneinfo.
    static std::expected<Zone, std::string> find(std::string_view name);
    // A file of the zoneinfo database (RFC 8536, version 2 and later), with the rule at its end for all years to come.
    static std::optional<Zone> read(std::string_view file);

    // Seconds since 1970 of a clock's face there and then. A face that is shown twice means the first time, one that is
    // skipped means what it would have been without the change.
    std::int64_t to_utc(std::int64_t local) const;

 private:
    struct Change {
        std::int64_t at = 0;
        std::int32_t offset = 0;
    };
    // When a year's summer begins or ends: "M3.2.0/2", "J60", "59".
    struct Day {
        char kind = 'M';
        int month = 0;
        int week = 0;
        int day = 0;
        std::int32_t time = 2 * 3600;
    };
    struct Rule {
        std::int32_t winter = 0;
        std::int32_t summer = 0;
        bool has_summer = false;
        Day begin;
        Day end;
    };
    class RuleReader;

    static std::int64_t moment_of(const Day& day, int year);
    std::int32_t offset_at(std::int64_t utc) const;
    std::int32_t offset_by_rule(std::int64_t utc) const;

    std::int32_t first_ = 0;  // before all changes
    std::vector<Change> changes_;
    std::optional<Rule> rule_;  // behind all changes
};

// "+08:00", "+0800", "-05" or "Z" that `text` begins with, in seconds; it is eaten.
std::optional<std::int32_t> eat_offset(std::string_view& text);

}  // namespace process
