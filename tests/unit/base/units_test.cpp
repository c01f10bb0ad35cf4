#include "common/base/units.h"

#include <gmock/gmock.h>

namespace base {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(Duration, ANumberAndAUnitIsReadInMilliseconds) {
    EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
    EXPECT_EQ(parse_duration("30s"), milliseconds(30'000));
    EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
    EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
    EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Duration, AnythingElseIsRefusedWithWhatWouldBeRight) {
    EXPECT_EQ(parse_duration("5 parsecs").error().message,
              "\"5 parsecs\" is not a duration (write a number and a unit: 250ms, 30s, 5m, 1h)");
    for (const auto* text : {"", "s", "5", "1d", "-5s", "+5s", " 5s", "5s ", "5 s", "1.5s", "5sm", "5S", "0x5s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Duration, OneThatDoesNotFitIsRefusedAndDoesNotWrap) {
    EXPECT_THAT(parse_duration("99999999999999999999h").error().message, HasSubstr("too long"));
    EXPECT_THAT(parse_duration("9223372036854775807h").error().message, HasSubstr("too long"));
    EXPECT_EQ(parse_duration("9223372036854775807ms"), milliseconds(9223372036854775807));
    EXPECT_FALSE(parse_duration("9223372036854775808ms"));
}

TEST(Rate, IsBytesOrRecordsASecond) {
    EXPECT_EQ(parse_rate(""), Rate{});
    EXPECT_EQ(parse_rate("10MiB"), (Rate{.per_second = 10 << 20, .unit = Rate::Unit::bytes}));
    EXPECT_EQ(parse_rate("512B"), (Rate{.per_second = 512, .unit = Rate::Unit::bytes}));
    EXPECT_EQ(parse_rate("5000"), (Rate{.per_second = 5000, .unit = Rate::Unit::records}));
    for (const auto* wrong : {"0", "0B", "fast", "-1", "10MiB/s"}) EXPECT_FALSE(parse_rate(wrong)) << wrong;
}

TEST(Size, UnitsWithAnIArePowersOf1024AndTheOthersOf1000) {
    EXPECT_EQ(parse_size("512"), 512U);
    EXPECT_EQ(parse_size("512B"), 512U);
    EXPECT_EQ(parse_size("64KiB"), 65'536U);
    EXPECT_EQ(parse_size("1MiB"), 1'048'576U);
    EXPECT_EQ(parse_size("2GiB"), 2'147'483'648U);
    EXPECT_EQ(parse_size("10kB"), 10'000U);
    EXPECT_EQ(parse_size("10MB"), 10'000'000U);
    EXPECT_EQ(parse_size("1GB"), 1'000'000'000U);
}

TEST(Size, AnythingElseIsRefusedWithWhatWouldBeRight) {
    EXPECT_EQ(parse_size("much").error().message,
              "\"much\" is not a size (write a number and a unit: 512B, 64KiB, 1MiB, 10MB)");
    for (const auto* text : {"", "KiB", "-1", "1 MiB", "1.5MiB", "1mib", "1MiB ", "1M"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
}

TEST(Size, OneThatDoesNotFitIsRefusedAndDoesNotWrap) {
    EXPECT_THAT(parse_size("99999999999999999999").error().message, HasSubstr("too large"));
    EXPECT_THAT(parse_size("9000PiB").error().message, HasSubstr("too large"));
    EXPECT_EQ(parse_size("8191PiB"), 8191ULL << 50);
}

TEST(Size, IsShownInTheLargestUnitThatLeavesAWholePart) {
    EXPECT_EQ(show_size(0), "0 B");
    EXPECT_EQ(show_size(640), "640 B");
    EXPECT_EQ(show_size(1023), "1023 B");
    EXPECT_EQ(show_size(1024), "1.0 KiB");
    EXPECT_EQ(show_size(1'572'864), "1.5 MiB");
    EXPECT_EQ(show_size((1ULL << 20) - 1), "1.0 MiB");
    EXPECT_EQ(show_size(~0ULL), "16.0 EiB");
}

}  // namespace
}  // namespace base
