#include "common/process/timestamp.h"

#include <fmt/chrono.h>

#include "tests/unit/process/parsing.h"

namespace process {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

struct TimestampTest : Parsing {
    // The record's time in UTC, or why it kept its own.
    std::string time_of(const TimestampOptions& options, std::string_view line) {
        const auto made = make_timestamp(options);
        EXPECT_TRUE(made.has_value());
        if (!made) return made.error()[0].message;
        record.begin(line, 0, origin, now);
        if (!options.field.empty()) record.put(options.field) = Value::of_text(line);
        EXPECT_EQ((*made)->process(record), Verdict::keep);
        if (const auto* why = record.find("parse_error")) {
            EXPECT_EQ(record.time(), now);
            return std::string(why->text);
        }
        const auto whole = floor<seconds>(record.time());
        return fmt::format("{:%F %T}.{:09}", fmt::gmtime(system_clock::to_time_t(whole)),
                           (record.time() - whole).count());
    }
    std::string in(const std::string& format, std::string_view text) {
        return time_of({.field = "t", .formats = {format}}, text);
    }
    static std::string errors_of(const TimestampOptions& options) {
        const auto made = make_timestamp(options);
        std::string out;
        if (made) return "none";
        for (const auto& error : made.error()) out += error.key + ": " + error.message + "\n";
        return out;
    }

    system_clock::time_point now = sys_days(2026y / 1 / 2) + 3h;
};

constexpr auto kNone = "no time in any of the formats";

TEST_F(TimestampTest, Rfc3339) {
    EXPECT_EQ(in("rfc3339", "2026-10-10T13:55:36Z"), "2026-10-10 13:55:36.000000000");
    EXPECT_EQ(in("rfc3339", "2026-10-10T13:55:36.123456789012+02:00"), "2026-10-10 11:55:36.123456789");
    EXPECT_EQ(in("rfc3339", "2026-10-10 13:55:36,5 +0800"), "2026-10-10 05:55:36.500000000");
    EXPECT_EQ(in("rfc3339", "2026-10-10t13:55:36-05"), "2026-10-10 18:55:36.000000000");
    EXPECT_EQ(in("rfc3339", "2024-02-29T23:59:60Z"), "2024-03-01 00:00:00.000000000");
    for (const auto* wrong : {"", "2026-10-10", "2026-1-10T13:55:36Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                              "2026-10-10T24:00:00Z", "2026-10-10T13:55:36Zx", "2026-10-10T13:55:36.Z",
                              "9999-10-10T13:55:36Z", "2026-10-10T13:55"})
        EXPECT_EQ(in("rfc3339", wrong), kNone) << wrong;
}

TEST_F(TimestampTest, SecondsSince1970) {
    EXPECT_EQ(in("unix", "1700000000"), "2023-11-14 22:13:20.000000000");
    EXPECT_EQ(in("unix", "1700000000.123456"), "2023-11-14 22:13:20.123456000");
    EXPECT_EQ(in("unix_ms", "1700000000123"), "2023-11-14 22:13:20.123000000");
    EXPECT_EQ(in("unix_ms", "1700000000123.5"), "2023-11-14 22:13:20.123500000");
    EXPECT_EQ(in("unix_us", "1700000000123456"), "2023-11-14 22:13:20.123456000");
    EXPECT_EQ(in("unix_ns", "1700000000123456789"), "2023-11-14 22:13:20.123456789");
    EXPECT_EQ(in("unix_any", "1700000000123"), "2023-11-14 22:13:20.123000000");
    EXPECT_EQ(in("%s.%f", "1700000000.5"), "2023-11-14 22:13:20.500000000");
    for (const auto* wrong : {"", "-1", "99999999999", "99999999999999999999", "1x", "1."})
        EXPECT_EQ(in("unix", wrong), kNone) << wrong;
}

TEST_F(TimestampTest, ANumberOfAFieldIsATime) {
    const auto made = make_timestamp({.field = "t", .formats = {"unix"}});
    record.begin("", 0, origin, now);
    record.put("t") = Value::of_number("1700000000");
    (void)(*made)->process(record);
    EXPECT_EQ(record.time(), system_clock::time_point(1700000000s));
}

TEST_F(TimestampTest, LettersOfStrptime) {
    EXPECT_EQ(in("nginx", "10/Oct/2026:13:55:36 +0200"), "2026-10-10 11:55:36.000000000");
    EXPECT_EQ(in("%Y%m%d-%H%M%S.%f", "20261010-135536.25"), "2026-10-10 13:55:36.250000000");
    EXPECT_EQ(in("%a, %d %b %Y %T %Z", "Sat, 10 Oct 2026 13:55:36 GMT"), "2026-10-10 13:55:36.000000000");
    EXPECT_EQ(in("%A %B %e %I:%M %p %y", "saturday OCTOBER  1 12:05 am 69"), "1969-10-01 00:05:00.000000000");
    EXPECT_EQ(in("%D %R", "10/ 1/26 13:55"), "2026-10-01 13:55:00.000000000");
    EXPECT_EQ(in("%F%%%l%p", "2026-10-10% 1PM"), "2026-10-10 13:00:00.000000000");
    EXPECT_EQ(in("%Y-%j", "2024-366"), "2024-12-31 00:00:00.000000000");
    EXPECT_EQ(in("%Y-%j", "2026-366"), kNone);
    EXPECT_EQ(in("%d %b %Y %T %Z", "10 Oct 2026 13:55:36 CST"), kNone);
    EXPECT_EQ(in("%d %b %Y", "31 Feb 2026"), kNone);
    EXPECT_EQ(in("%d %b %Y", "1 Foo 2026"), kNone);
}

TEST_F(TimestampTest, ATimeWithoutAYearIsInTheOneClosestToNow) {
    EXPECT_EQ(in("syslog", "Jan  2 03:00:00"), "2026-01-02 03:00:00.000000000");
    EXPECT_EQ(in("syslog", "Dec 31 23:59:59"), "2025-12-31 23:59:59.000000000");
    EXPECT_EQ(in("syslog", "Jun 30 00:00:00"), "2026-06-30 00:00:00.000000000");
    now = sys_days(2026y / 12 / 31) + 23h;
    EXPECT_EQ(in("syslog", "Jan  1 00:00:01"), "2027-01-01 00:00:01.000000000");
    EXPECT_EQ(in("syslog", "Feb 29 00:00:00"), kNone);
    now = sys_days(2027y / 12 / 31);
    EXPECT_EQ(in("syslog", "Feb 29 00:00:00"), "2028-02-29 00:00:00.000000000");
}

TEST_F(TimestampTest, ATimeThatNamesNoZoneIsInTheGivenOne) {
    EXPECT_EQ(time_of({.formats = {"rfc3339"}, .zone = "+08:00"}, "2026-10-10T13:55:36 x"),
              "2026-10-10 05:55:36.000000000");
    EXPECT_EQ(time_of({.formats = {"rfc3339"}, .zone = "+08:00"}, "2026-10-10T13:55:36Z x"),
              "2026-10-10 13:55:36.000000000");
}

TEST_F(TimestampTest, ALineHasItsTimeAtTheBeginning) {
    EXPECT_EQ(time_of({}, "2026-10-10 13:55:36,123 -12 items, WARN"), "2026-10-10 13:55:36.123000000");
    EXPECT_EQ(time_of({}, "[2026-10-10T13:55:36Z] started"), "2026-10-10 13:55:36.000000000");
    EXPECT_EQ(time_of({}, "2026-10-10 13:55:36 Zone is full"), "2026-10-10 13:55:36.000000000");
    EXPECT_EQ(time_of({}, "2026/10/10 13:55:36 [error] 7#7: x"), "2026-10-10 13:55:36.000000000");
    EXPECT_EQ(time_of({}, "2026/10/10 13:55:36.5 x"), "2026-10-10 13:55:36.500000000");
    EXPECT_EQ(time_of({}, "Jan  1 13:55:36 host app: x"), "2026-01-01 13:55:36.000000000");
    EXPECT_EQ(time_of({}, "[Sat Oct 10 13:55:36.123456 2026] [error] x"), "2026-10-10 13:55:36.123456000");
    EXPECT_EQ(time_of({}, "1700000000 x"), "2023-11-14 22:13:20.000000000");
    EXPECT_EQ(time_of({}, "17 items"), kNone);
    EXPECT_EQ(time_of({}, "x 2026-10-10 13:55:36"), kNone);
    EXPECT_EQ(time_of({.field = "t"}, "2026-10-10 13:55:36 x"), kNone);
}

TEST_F(TimestampTest, FormatsAreTriedInTurn) {
    const TimestampOptions options{.field = "t", .formats = {"unix_ms", "%d.%m.%Y", "rfc3339"}};
    EXPECT_EQ(time_of(options, "10.11.2026"), "2026-11-10 00:00:00.000000000");
    EXPECT_EQ(time_of(options, "2026-10-10T13:55:36Z"), "2026-10-10 13:55:36.000000000");
}

TEST_F(TimestampTest, ATimeTooFarInTheFutureIsNotBelieved) {
    const TimestampOptions options{.formats = {"rfc3339"}, .future_max = 1h};
    EXPECT_EQ(time_of(options, "2026-01-02T04:00:00Z"), "2026-01-02 04:00:00.000000000");
    EXPECT_EQ(time_of(options, "2026-01-02T04:00:00.001Z"), "the time lies too far in the future");
    EXPECT_EQ(time_of(options, "1700-01-01T00:00:00Z"), "1700-01-01 00:00:00.000000000");
}

TEST_F(TimestampTest, AFieldThatIsMissingOrNoTextIsTold) {
    const auto made = make_timestamp({.field = "t"});
    record.begin("", 0, origin, now);
    (void)(*made)->process(record);
    EXPECT_EQ(show(record.fields()), R"({"parse_error":"no such field"})");
    record.begin("", 0, origin, now);
    record.put("t") = Value::of_boolean(true);
    (void)(*made)->process(record);
    EXPECT_EQ(record.find("parse_error")->text, "the field is not a text");
}

TEST_F(TimestampTest, AllThatIsWrongWithTheOptionsIsSaidAtOnce) {
    EXPECT_EQ(
        errors_of({.field = "a.", .formats = {"rfc3338", "%Y-%Q", "%H:%M", "%F %"}, .zone = "Mars", .future_max = -1s}),
        "field: \"a.\" has a dot with no name next to it\n"
        "formats[0]: \"rfc3338\" is not known (use one of: rfc3339, unix, unix_ms, unix_us, unix_ns, unix_any, "
        "nginx, syslog; or letters, as in %Y-%m-%d %H:%M:%S)\n"
        "formats[1]: \"%Y-%Q\" has \"%Q\", which is not known (use %Y %m %d %H %M %S %f %z and others of strptime)\n"
        "formats[2]: \"%H:%M\" names no day (it takes %d and %m, %j and %Y, or %s)\n"
        "formats[3]: \"%F %\" has \"%\", which is not known (use %Y %m %d %H %M %S %f %z and others of strptime)\n"
        "zone: \"Mars\" is not known (use UTC, local, +08:00 or a name in /usr/share/zoneinfo/, as Asia/Shanghai)\n"
        "future_max: is negative (use 0s or more)\n");
}

TEST_F(TimestampTest, ATruncatedTimeIsNoTimeOrAShorterOne) {
    for (const std::string_view line :
         {"2026-10-10T13:55:36.123456789+02:00", "10/Oct/2026:13:55:36 +0200", "Sat, 10 Oct 2026 13:55:36 GMT",
          "Sat Oct 10 13:55:36.123456 2026", "1700000000123456789"})
        for (std::size_t size = 0; size <= line.size(); ++size) {
            const auto exact = std::make_unique<char[]>(size);
            line.copy(exact.get(), size);
            (void)time_of({}, {exact.get(), size});
        }
}

}  // namespace
}  // namespace process
