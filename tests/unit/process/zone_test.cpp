#include "common/process/zone.h"

#include <chrono>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

namespace process {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

std::int64_t at(year_month_day date, seconds time = {}) {
    return duration_cast<seconds>(sys_days(date).time_since_epoch() + time).count();
}

// Hours that clocks there are ahead at this face of theirs.
double hours(const Zone& zone, year_month_day date, seconds time = {}) {
    const auto local = at(date, time);
    return static_cast<double>(local - zone.to_utc(local)) / 3600;
}

// A file without changes: all is left to the rule.
std::string zone_file(std::string_view rule) {
    const std::string head = "TZif2" + std::string(15, '\0');
    const std::string counts = std::string(19, '\0') + std::string("\1\0\0\0\4", 5);
    const std::string type = std::string(6, '\0') + std::string("LMT\0", 4);
    return head + counts + type + head + counts + type + '\n' + std::string(rule) + '\n';
}

TEST(Zone, AnOffsetIsAZone) {
    EXPECT_EQ(hours(*Zone::find("UTC"), 2026y / 7 / 1), 0);
    EXPECT_EQ(hours(*Zone::find("+08:00"), 2026y / 7 / 1), 8);
    EXPECT_EQ(hours(*Zone::find("-0330"), 2026y / 7 / 1), -3.5);
    EXPECT_TRUE(Zone::find("local").has_value());
}

TEST(Zone, ARuleHoldsForAllYears) {
    const auto zone = Zone::read(zone_file("CET-1CEST,M3.5.0,M10.5.0/3"));
    ASSERT_TRUE(zone.has_value());
    for (const auto year : {1990y, 2026y, 2100y, 2261y}) {
        EXPECT_EQ(hours(*zone, year / 1 / 15), 1);
        EXPECT_EQ(hours(*zone, year / 7 / 15), 2);
    }
    EXPECT_EQ(hours(*zone, 2026y / 3 / 29, 1h + 59min + 59s), 1);
    EXPECT_EQ(hours(*zone, 2026y / 3 / 29, 3h), 2);
    EXPECT_EQ(hours(*zone, 2026y / 10 / 25, 1h + 59min + 59s), 2);
    EXPECT_EQ(hours(*zone, 2026y / 10 / 25, 3h), 1);
}

TEST(Zone, AFaceThatIsShownTwiceMeansTheFirstTimeAndASkippedOneNoChange) {
    const auto zone = Zone::read(zone_file("CET-1CEST,M3.5.0,M10.5.0/3"));
    EXPECT_EQ(hours(*zone, 2026y / 10 / 25, 2h + 30min), 2);
    EXPECT_EQ(hours(*zone, 2026y / 3 / 29, 2h + 30min), 1);
}

TEST(Zone, RulesOfTheSouthAndOfDaysByNumber) {
    const auto sydney = Zone::read(zone_file("AEST-10AEDT,M10.1.0,M4.1.0/3"));
    EXPECT_EQ(hours(*sydney, 2026y / 1 / 15), 11);
    EXPECT_EQ(hours(*sydney, 2026y / 7 / 15), 10);
    const auto julian = Zone::read(zone_file("<-03>3<-02>,J60/0,J300/0"));
    EXPECT_EQ(hours(*julian, 2024y / 2 / 29, 12h), -3);
    EXPECT_EQ(hours(*julian, 2024y / 3 / 1, 12h), -2);
    EXPECT_EQ(hours(*julian, 2026y / 3 / 1, 12h), -2);
    const auto numbered = Zone::read(zone_file("XXX3:30YYY,59/0,300/0"));
    EXPECT_EQ(hours(*numbered, 2024y / 2 / 29, 12h), -2.5);
    EXPECT_EQ(hours(*numbered, 2023y / 2 / 28, 12h), -3.5);
}

TEST(Zone, ADamagedFileIsNone) {
    const auto whole = zone_file("CET-1CEST,M3.5.0,M10.5.0/3");
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(Zone::read(std::string_view(whole).substr(0, size)).has_value()) << size;
    for (const auto* rule :
         {"CET", "C-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0/3", "CET-1CEST,M3.6.0,M10.5.0",
          "CET-1CEST,J0,J5", "CET-200", "<CET-1", "CET-1CEST,M3.5.0,M10.5.0/x"})
        EXPECT_FALSE(Zone::read(zone_file(rule)).has_value()) << rule;
    for (std::size_t i = 0; i < whole.size(); ++i)
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto flipped = whole;
            flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ (1U << bit));
            if (const auto zone = Zone::read(flipped)) (void)zone->to_utc(at(2026y / 7 / 1));
        }
}

TEST(Zone, ZonesOfTheDatabase) {
    const auto shanghai = Zone::find("Asia/Shanghai");
    if (!shanghai) GTEST_SKIP() << "no tzdata";
    EXPECT_EQ(hours(*shanghai, 2026y / 7 / 1), 8);
    EXPECT_EQ(hours(*shanghai, 1988y / 7 / 1), 9);
    const auto new_york = Zone::find("America/New_York");
    ASSERT_TRUE(new_york.has_value());
    EXPECT_EQ(hours(*new_york, 2026y / 1 / 1), -5);
    EXPECT_EQ(hours(*new_york, 2026y / 7 / 1), -4);
    EXPECT_EQ(hours(*new_york, 2026y / 3 / 8, 1h + 59min), -5);
    EXPECT_EQ(hours(*new_york, 2026y / 3 / 8, 3h), -4);
    EXPECT_EQ(hours(*new_york, 2150y / 7 / 1), -4);
}

TEST(Zone, ANameThatIsNotKnownOrLeavesTheFolderIsAnError) {
    for (const auto* name :
         {"", "Asia/Nowhere", "/etc/passwd", "../../../etc/passwd", "Asia", "tzdata.zi", "+25:00", "+8", "-08:00x"})
        EXPECT_FALSE(Zone::find(name).has_value()) << name;
    EXPECT_EQ(
        Zone::find("Asia/Nowhere").error(),
        "\"Asia/Nowhere\" is not known (use UTC, local, +08:00 or a name in /usr/share/zoneinfo/, as Asia/Shanghai)");
}

}  // namespace
}  // namespace process
