#include "common/process/time_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/process/scanner.h"

namespace process {

namespace {

constexpr std::string_view kLetters = "YymbBhdejHkIlpMSfzZaAs";
constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kDays = {"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr int kYearMin = 1700;  // what the clock's nanoseconds hold, in whole years
constexpr int kYearMax = 2261;

struct Parts {
    std::optional<int> year;
    int month = 1;
    int day = 1;
    std::optional<int> day_of_year;
    int hour = 0;
    std::optional<bool> is_afternoon;
    int minute = 0;
    int second = 0;
    std::int64_t nanos = 0;
    std::optional<std::int32_t> offset;
    std::optional<std::int64_t> unix_seconds;
};

bool eat(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

// At most `width` digits, a value from `min` to `max`.
std::optional<int> eat_number(std::string_view& text, std::size_t width, int min, int max) {
    int value = 0;
    std::size_t size = 0;
    for (; size < width && size < text.size() && is_digit(text[size]); ++size) value = value * 10 + (text[size] - '0');
    if (size == 0 || value < min || value > max) return std::nullopt;
    text.remove_prefix(size);
    return value;
}

// Digits of a fraction: nanoseconds, what is finer is cut off.
std::optional<std::int64_t> eat_fraction(std::string_view& text) {
    std::int64_t nanos = 0;
    std::int64_t unit = kNanosPerSecond / 10;
    std::size_t size = 0;
    for (; size < text.size() && is_digit(text[size]); ++size, unit /= 10) nanos += unit * (text[size] - '0');
    text.remove_prefix(size);
    return size > 0 ? std::optional(nanos) : std::nullopt;
}

bool starts_with_word(std::string_view text, std::string_view word) {
    return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
               return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
           });
}

// A name in full or its first three letters; which one.
std::optional<int> eat_name(std::string_view& text, std::span<const std::string_view> names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!starts_with_word(text, names[i].substr(0, 3))) continue;
        text.remove_prefix(starts_with_word(text, names[i]) ? names[i].size() : 3);
        return static_cast<int>(i);
    }
    return std::nullopt;
}

bool set(int& into, std::optional<int> value) {
    into = value.value_or(into);
    return value.has_value();
}

bool eat_year(std::string_view& text, Parts& parts, char letter) {
    parts.year = letter == 'Y' ? eat_number(text, 4, kYearMin, kYearMax) : eat_number(text, 2, 0, 99);
    if (parts.year && letter == 'y') *parts.year += *parts.year < 69 ? 2000 : 1900;
    return parts.year.has_value();
}

bool eat_half_of_day(std::string_view& text, Parts& parts) {
    if (!starts_with_word(text, "am") && !starts_with_word(text, "pm")) return false;
    parts.is_afternoon = starts_with_word(text, "pm");
    text.remove_prefix(2);
    return true;
}

bool eat_utc(std::string_view& text, Parts& parts) {
    parts.offset = 0;
    for (const std::string_view name : {"UTC", "GMT", "Z"}) {
        if (!text.starts_with(name)) continue;
        text.remove_prefix(name.size());
        return text.empty() || std::isalnum(static_cast<unsigned char>(text[0])) == 0;
    }
    return false;
}

bool eat_unix_seconds(std::string_view& text, Parts& parts) {
    std::int64_t value = 0;
    std::size_t size = 0;
    for (; size < text.size() && size < 11 && is_digit(text[size]); ++size) value = value * 10 + (text[size] - '0');
    text.remove_prefix(size);
    parts.unix_seconds = value;
    return size > 0 && value < std::numeric_limits<std::int64_t>::max() / kNanosPerSecond;
}

bool eat_date_letter(std::string_view& text, char letter, Parts& parts) {
    switch (letter) {
        case 'Y':
        case 'y':
            return eat_year(text, parts, letter);
        case 'm':
            return set(parts.month, eat_number(text, 2, 1, 12));
        case 'b':
        case 'B':
        case 'h': {
            const auto month = eat_name(text, kMonths);
            parts.month = month.value_or(0) + 1;
            return month.has_value();
        }
        case 'd':
        case 'e':
            return set(parts.day, eat_number(text, 2, 1, 31));
        case 'j':
            parts.day_of_year = eat_number(text, 3, 1, 366);
            return parts.day_of_year.has_value();
        case 'a':
        case 'A':
            return eat_name(text, kDays).has_value();
        default:
            return eat_unix_seconds(text, parts);
    }
}

bool eat_time_letter(std::string_view& text, char letter, Parts& parts) {
    switch (letter) {
        case 'H':
        case 'k':
            return set(parts.hour, eat_number(text, 2, 0, 23));
        case 'I':
        case 'l':
            return set(parts.hour, eat_number(text, 2, 1, 12));
        case 'p':
            return eat_half_of_day(text, parts);
        case 'M':
            return set(parts.minute, eat_number(text, 2, 0, 59));
        case 'S':
            return set(parts.second, eat_number(text, 2, 0, 60));
        case 'f': {
            const auto nanos = eat_fraction(text);
            parts.nanos = nanos.value_or(0);
            return nanos.has_value();
        }
        case 'z':
            parts.offset = eat_offset(text);
            return parts.offset.has_value();
        default:
            return eat_utc(text, parts);
    }
}

bool eat_letter(std::string_view& text, char letter, Parts& parts) {
    constexpr std::string_view kMayBePadded = "mdejHkIlMS";
    if (kMayBePadded.find(letter) != std::string_view::npos && text.size() > 1 && text[0] == ' ' && is_digit(text[1]))
        text.remove_prefix(1);
    constexpr std::string_view kOfDate = "YymbBhdejaAs";
    return kOfDate.find(letter) != std::string_view::npos ? eat_date_letter(text, letter, parts)
                                                          : eat_time_letter(text, letter, parts);
}

std::optional<Parts> eat_rfc3339(std::string_view& text) {
    Parts parts;
    const auto two = [&](int& into, int min, int max) {
        return text.size() >= 2 && is_digit(text[1]) && set(into, eat_number(text, 2, min, max));
    };
    parts.year = eat_number(text, 4, kYearMin, kYearMax);
    if (!parts.year || !eat(text, '-') || !two(parts.month, 1, 12) || !eat(text, '-') || !two(parts.day, 1, 31))
        return std::nullopt;
    if (!eat(text, 'T') && !eat(text, 't') && !eat(text, ' ')) return std::nullopt;
    if (!two(parts.hour, 0, 23) || !eat(text, ':') || !two(parts.minute, 0, 59) || !eat(text, ':') ||
        !two(parts.second, 0, 60))
        return std::nullopt;
    if (text.size() > 1 && (text[0] == '.' || text[0] == ',') && is_digit(text[1])) {
        text.remove_prefix(1);
        parts.nanos = eat_fraction(text).value_or(0);
    }
    if (text.starts_with(' ')) {  // "… +0200", but not "… -12 items" and not "… Zone"
        auto behind = text.substr(1);
        const auto offset = behind.starts_with('Z') ? std::nullopt : eat_offset(behind);
        if (!offset || text.size() - behind.size() < 6) return parts;
        parts.offset = offset;
        text = behind;
    } else {
        parts.offset = eat_offset(text);
    }
    return parts;
}

std::optional<Time> eat_unix(std::string_view& text, std::int64_t per_second) {
    std::int64_t value = 0;
    std::size_t size = 0;
    for (; size < text.size() && size < 19 && is_digit(text[size]); ++size) {
        if (value > (std::numeric_limits<std::int64_t>::max() - 9) / 10) return std::nullopt;
        value = value * 10 + (text[size] - '0');
    }
    if (size == 0 || (size < text.size() && is_digit(text[size]))) return std::nullopt;
    if (per_second == 0) {
        if (size != 10 && size != 13 && size != 16 && size != 19) return std::nullopt;
        per_second = size == 10 ? 1 : size == 13 ? 1'000 : size == 16 ? 1'000'000 : kNanosPerSecond;
    }
    const auto nanos_per_unit = kNanosPerSecond / per_second;
    if (value >= std::numeric_limits<std::int64_t>::max() / nanos_per_unit) return std::nullopt;
    text.remove_prefix(size);
    auto nanos = value * nanos_per_unit;
    if (text.size() > 1 && text[0] == '.' && is_digit(text[1])) {
        text.remove_prefix(1);
        nanos += eat_fraction(text).value_or(0) / per_second;
    }
    return Time(std::chrono::nanoseconds(nanos));
}

std::optional<Time> time_in_year(const Parts& parts, int year, const Zone& zone) {
    using namespace std::chrono;
    if (year < kYearMin || year > kYearMax) return std::nullopt;
    const std::chrono::year that(year);
    const auto date = that / parts.month / parts.day;
    if (!date.ok() || parts.day_of_year.value_or(0) > (that.is_leap() ? 366 : 365)) return std::nullopt;
    const auto day = parts.day_of_year ? sys_days(that / January / 1) + days(*parts.day_of_year - 1) : sys_days(date);
    auto hour = parts.hour;
    if (parts.is_afternoon) hour = hour % 12 + (*parts.is_afternoon ? 12 : 0);
    const auto local = (day.time_since_epoch() + hours(hour) + minutes(parts.minute) + seconds(parts.second)).count();
    const auto utc = parts.offset ? local - *parts.offset : zone.to_utc(local);
    return Time(seconds(utc) + nanoseconds(parts.nanos));
}

std::optional<Time> time_of(const Parts& parts, const Zone& zone, Time now) {
    using namespace std::chrono;
    if (parts.unix_seconds) return Time(seconds(*parts.unix_seconds) + nanoseconds(parts.nanos));
    if (parts.year) return time_in_year(parts, *parts.year, zone);
    const auto this_year = static_cast<int>(year_month_day(floor<days>(now)).year());
    std::optional<Time> closest;
    for (const int year : {this_year - 1, this_year, this_year + 1}) {
        const auto time = time_in_year(parts, year, zone);
        if (time && (!closest || abs(*time - now) < abs(*closest - now))) closest = time;
    }
    return closest;
}

}  // namespace

std::expected<TimeFormat, std::string> TimeFormat::make(std::string_view format) {
    TimeFormat made;
    if (format == "rfc3339") {
        made.kind_ = Kind::rfc3339;
        return made;
    }
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnix = {
        {{"unix", 1}, {"unix_ms", 1'000}, {"unix_us", 1'000'000}, {"unix_ns", kNanosPerSecond}, {"unix_any", 0}}};
    for (const auto& [name, per_second] : kUnix) {
        if (format != name) continue;
        made.kind_ = Kind::unix_time;
        made.per_second_ = per_second;
        return made;
    }
    auto steps = compile(format == "nginx" ? "%d/%b/%Y:%T %z" : format == "syslog" ? "%b %e %T" : format);
    if (!steps) return std::unexpected(std::move(steps.error()));
    made.steps_ = *std::move(steps);
    return made;
}

std::expected<std::vector<TimeFormat::Step>, std::string> TimeFormat::compile(std::string_view format) {
    if (format.find('%') == std::string_view::npos)
        return std::unexpected(
            fmt::format("{} is not known (use one of: rfc3339, unix, unix_ms, unix_us, unix_ns, "
                        "unix_any, nginx, syslog; or letters, as in %Y-%m-%d %H:%M:%S)",
                        base::quote(format)));
    std::string full;
    static constexpr std::array<std::pair<char, std::string_view>, 4> kShort = {
        {{'T', "%H:%M:%S"}, {'R', "%H:%M"}, {'F', "%Y-%m-%d"}, {'D', "%m/%d/%y"}}};
    for (std::size_t i = 0; i < format.size(); ++i) {
        const char letter = format[i] == '%' && i + 1 < format.size() ? format[i + 1] : '\0';
        const auto known = std::ranges::find(kShort, letter, [](const auto& entry) { return entry.first; });
        full += known != kShort.end() ? known->second : format.substr(i, letter != '\0' ? 2 : 1);
        if (letter != '\0') ++i;
    }
    std::vector<Step> steps;
    std::string letters;
    for (std::size_t i = 0; i < full.size(); ++i) {
        if (full[i] != '%') {
            steps.push_back({.literal = full[i]});
            continue;
        }
        const char letter = ++i < full.size() ? full[i] : '\0';
        if (letter != '%' && (letter == '\0' || kLetters.find(letter) == std::string_view::npos))
            return std::unexpected(
                fmt::format("{} has {}, which is not known (use %Y %m %d %H %M %S %f %z and others "
                            "of strptime)",
                            base::quote(format), base::quote(full.substr(i - 1, 2))));
        steps.push_back(letter == '%' ? Step{.literal = '%'} : Step{.letter = letter});
        letters += letter;
    }
    const auto has = [&](std::string_view any) { return letters.find_first_of(any) != std::string::npos; };
    if (!has("s") && !(has("j") && has("Yy")) && !(has("de") && has("mbBh")))
        return std::unexpected(
            fmt::format("{} names no day (it takes %d and %m, %j and %Y, or %s)", base::quote(format)));
    return steps;
}

std::optional<Time> TimeFormat::eat(std::string_view& text, const Zone& zone, Time now) const {
    if (kind_ == Kind::unix_time) return eat_unix(text, per_second_);
    if (kind_ == Kind::rfc3339) {
        const auto parts = eat_rfc3339(text);
        return parts ? time_of(*parts, zone, now) : std::nullopt;
    }
    Parts parts;
    for (const auto& step : steps_) {
        if (step.letter != 0) {
            if (!eat_letter(text, step.letter, parts)) return std::nullopt;
        } else if (step.literal == ' ') {
            while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
        } else if (!process::eat(text, step.literal)) {
            return std::nullopt;
        }
    }
    return time_of(parts, zone, now);
}

}  // namespace process
