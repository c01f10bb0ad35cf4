#include "agent/deliver/outage.h"

#include <gtest/gtest.h>

namespace agent::deliver {
namespace {

using namespace std::chrono_literals;

TEST(Outage, IsSaidWhenItBeginsAndThenOnceAMinute) {
    Outage outage;
    const Outage::Clock::time_point start{1000s};
    EXPECT_FALSE(outage.going_on());
    EXPECT_TRUE(outage.observe("refused", start));
    EXPECT_FALSE(outage.observe("refused", start + 1s));
    EXPECT_FALSE(outage.observe("timed out", start + 59s));
    EXPECT_EQ(outage.why(), "timed out") << "the latest reason";
    EXPECT_TRUE(outage.observe("timed out", start + 60s));
    EXPECT_FALSE(outage.observe("timed out", start + 61s));
    EXPECT_EQ(outage.duration_text(start + 185s), "3m05s");
}

TEST(Outage, TellsHowLongItLastedOnce) {
    Outage outage;
    EXPECT_EQ(outage.end(), std::nullopt);
    const Outage::Clock::time_point start{1000s};
    outage.observe("refused", start);
    EXPECT_EQ(outage.end(start + 12s), 12s);
    EXPECT_EQ(outage.end(start + 13s), std::nullopt);
    EXPECT_FALSE(outage.going_on());
    EXPECT_EQ(outage.why(), "");
    EXPECT_TRUE(outage.observe("refused", start + 14s)) << "a new one is said at once";
}

TEST(Outage, DurationsAreForPeople) {
    EXPECT_EQ(show_duration(0s), "0s");
    EXPECT_EQ(show_duration(59'999ms), "59s");
    EXPECT_EQ(show_duration(60s), "1m00s");
    EXPECT_EQ(show_duration(3h), "180m00s");
}

}  // namespace
}  // namespace agent::deliver
