// Times as people and programs write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/zone.h"

namespace process {

using Time = std::chrono::system_clock::time_point;

// A format: a name, or strptime's letters
//
//   rfc3339     2026-10-10T13:55:36.123+02:00; a blank for the T, a comma for the point, no zone at all are right, too
//   unix        seconds since 1970, with a fraction or without; unix_ms, unix_us, unix_ns accordingly
//   unix_any    one of them, by its number of digits (10, 13, 16, 19)
//   nginx       10/Oct/2026:13:55:36 +0000
//   syslog      Oct 10 13:55:36, in the year that makes it the closest to now
//
//   %Y %y %m %b %B %h %d %e %j   year, month, day; day of the year. A format without a year: as syslog
//   %H %k %I %l %p %M %S %f      hour, minute, second; digits of a fraction, as many as there are
//   %z                           +0800, +08:00, +08, Z
//   %Z                           UTC, GMT or Z only: other letters mean different zones in different countries
//   %a %A                        a day's name; it is not compared with the date
//   %s                           seconds since 1970
//   %T %R %F %D                  %H:%M:%S, %H:%M, %Y-%m-%d, %m/%d/%y
//   %%                           a percent sign; a blank stands for any number of them
//
// Names of months and days are English, in any case. Numbers may have a blank instead of their first zero.
class TimeFormat {
 public:
    static std::expected<TimeFormat, std::string> make(std::string_view format);

    // The time that `text` begins with, which is eaten. `now` is for times without a year.
    std::optional<Time> eat(std::string_view& text, const Zone& zone, Time now) const;

 private:
    enum class Kind : std::uint8_t { letters, rfc3339, unix_time };
    struct Step {
        char letter = 0;  // 0: a literal
        char literal = 0;
    };

    static std::expected<std::vector<Step>, std::string> compile(std::string_view format);

    Kind kind_ = Kind::letters;
    std::vector<Step> steps_;
    std::int64_t per_second_ = 1;  // unix_time; 0: any
};

}  // namespace process
