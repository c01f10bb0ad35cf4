#include "agent/control/heartbeat_schedule.h"

#include <gmock/gmock.h>

namespace agent::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Schedule : testing::Test {
    HeartbeatSchedule schedule(std::size_t endpoints = 1) {
        return {seconds(30), endpoints, [this] { return chance; }};
    }
    double chance = 0;
};

TEST_F(Schedule, FirstContactIsSpreadOverTheInterval) {
    auto s = schedule();
    EXPECT_EQ(s.first(), seconds(0));
    chance = 0.999;
    EXPECT_EQ(s.first(), milliseconds(29'970));
}

TEST_F(Schedule, EachIntervalIsATenthShorterOrLonger) {
    auto s = schedule();
    EXPECT_EQ(s.after_success(), seconds(27));
    chance = 0.5;
    EXPECT_EQ(s.after_success(), seconds(30));
    chance = 1;
    EXPECT_EQ(s.after_success(), seconds(33));
}

TEST_F(Schedule, ErrorsBackOffFromASecondToFiveMinutesWithFullJitter) {
    auto s = schedule();
    chance = 1;
    for (const auto bound : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) EXPECT_EQ(s.after_error(), seconds(bound));
    chance = 0;
    EXPECT_EQ(s.after_error(), HeartbeatSchedule::kIntervalMin);
    for (int i = 0; i < 1000; ++i) (void)s.after_error();
    chance = 1;
    EXPECT_EQ(s.after_error(), minutes(5));
    (void)s.after_success();
    EXPECT_EQ(s.after_error(), seconds(1));
}

TEST_F(Schedule, AllAddressesAreTriedBeforeItBacksOff) {
    auto s = schedule(3);
    chance = 1;
    for (const auto bound : {1, 1, 1, 2, 2, 2, 4}) EXPECT_EQ(s.after_error(), seconds(bound));
}

TEST_F(Schedule, WhatTheServerAsksForIsTheLeastWithinReason) {
    auto s = schedule();
    EXPECT_EQ(s.after_error(seconds(20)), seconds(20));
    chance = 1;
    EXPECT_EQ(s.after_error(seconds(20)), seconds(22));
    EXPECT_EQ(s.after_error(seconds(1)), seconds(4));  // its own back-off is longer
    EXPECT_LE(s.after_error(std::chrono::hours(1000)), minutes(66));
    EXPECT_GT(s.after_error(milliseconds(-5)), seconds(0));
}

TEST_F(Schedule, IntervalsHaveBounds) {
    auto s = schedule();
    s.set_interval(milliseconds(0));
    EXPECT_EQ(s.interval(), HeartbeatSchedule::kIntervalMin);
    s.set_interval(std::chrono::hours(1'000'000));
    EXPECT_EQ(s.interval(), HeartbeatSchedule::kIntervalMax);
}

TEST_F(Schedule, NewsWaitASecondAtMost) {
    auto s = schedule();
    EXPECT_EQ(s.with_news(), seconds(1));
    s.set_interval(seconds(1));
    EXPECT_EQ(s.with_news(), milliseconds(250));
}

}  // namespace
}  // namespace agent::control
