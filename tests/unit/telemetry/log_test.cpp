#include "common/telemetry/log.h"

#include <array>

#include <gmock/gmock.h>

#include "common/telemetry/log_line.h"

namespace telemetry {
namespace {

using config::LogFormat;
using config::LogLevel;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::chrono::system_clock::time_point kTime{milliseconds(1'795'245'721'123)};

std::string text(std::string_view message, std::initializer_list<Field> fields) {
    return as_text({.time = kTime, .level = LogLevel::info, .message = message, .fields = fields});
}

std::string json(std::string_view message, std::initializer_list<Field> fields) {
    return as_json({.time = kTime, .level = LogLevel::warn, .message = message, .fields = fields});
}

TEST(LogLine, TextIsTimeLevelMessageAndFields) {
    EXPECT_EQ(text("file rotated", {{"path", "/var/log/a.log"}, {"inode", 12}}),
              "2026-11-21T07:22:01.123Z INFO  file rotated path=/var/log/a.log inode=12");
}

TEST(LogLine, TextQuotesWhatWouldNotReadBack) {
    EXPECT_THAT(text("m", {{"a", "two words"}}), EndsWith("a=\"two words\""));
    EXPECT_THAT(text("m", {{"a", ""}}), EndsWith("a=\"\""));
    EXPECT_THAT(text("m", {{"a", "x\ny"}}), EndsWith("a=\"x\\ny\""));
    EXPECT_THAT(text("m", {{"a", "x\xFF"}}), EndsWith("a=\"x\\xff\""));
}

TEST(LogLine, JsonIsOneObjectAndNumbersStayNumbers) {
    EXPECT_EQ(
        json("file rotated", {{"path", "/var/log/a.log"}, {"inode", 12}}),
        R"({"time":"2026-11-21T07:22:01.123Z","level":"warn","message":"file rotated","path":"/var/log/a.log","inode":12})");
}

TEST(LogLine, JsonStaysValidForAnyBytesOfAPath) {
    EXPECT_THAT(json("m", {{"path", "/a\"b\\c\n\x01"}}), HasSubstr(R"("path":"/a\"b\\c\n\u0001")"));
    EXPECT_THAT(json("m", {{"path", "/a\xFF\xC0z"}}), HasSubstr("\"path\":\"/a\uFFFD\uFFFDz\""));
    EXPECT_THAT(json("日志", {}), HasSubstr("\"message\":\"日志\""));
}

TEST(Log, WritesOnlyWhatItsLevelLetsThrough) {
    testing::internal::CaptureStderr();
    Log log({.level = LogLevel::warn, .format = LogFormat::text});
    log.info("quiet {}");
    log.warn("heard {}");
    const auto written = testing::internal::GetCapturedStderr();
    EXPECT_THAT(written, EndsWith("WARN  heard {}\n"));
    EXPECT_THAT(written, testing::Not(HasSubstr("quiet")));
}

TEST(Log, AReloadChangesLevelAndFormat) {
    testing::internal::CaptureStderr();
    Log log({});
    log.reconfigure({.level = LogLevel::debug, .format = LogFormat::json});
    log.debug("now", {{"n", 1}});
    EXPECT_THAT(testing::internal::GetCapturedStderr(), EndsWith(R"("level":"debug","message":"now","n":1})"
                                                                 "\n"));
}

TEST(RateLimit, LetsOneThroughPerIntervalAndTellsHowManyWereSilent) {
    RateLimit limit(seconds(10));
    const std::chrono::steady_clock::time_point start{seconds(100)};
    EXPECT_TRUE(limit.allow(start));
    EXPECT_EQ(limit.suppressed(), 0U);
    EXPECT_FALSE(limit.allow(start + seconds(1)));
    EXPECT_FALSE(limit.allow(start + seconds(9)));
    EXPECT_TRUE(limit.allow(start + seconds(10)));
    EXPECT_EQ(limit.suppressed(), 2U);
    EXPECT_TRUE(limit.allow(start + seconds(30)));
    EXPECT_EQ(limit.suppressed(), 0U);
}

}  // namespace
}  // namespace telemetry
