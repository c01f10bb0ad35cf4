#include "agent/pipeline/throttle.h"

#include <gtest/gtest.h>

namespace agent::pipeline {
namespace {

using namespace std::chrono_literals;
using Unit = base::Rate::Unit;

constexpr RateLimiter::Clock::time_point kNow{1h};

TEST(RateLimiter, WithoutALimitNobodyWaits) {
    RateLimiter limiter{{}};
    limiter.take(1ULL << 40, 1ULL << 40);
    EXPECT_EQ(limiter.wait(kNow), 0s);
}

TEST(RateLimiter, WhatWasTakenTooMuchIsWaitedFor) {
    RateLimiter limiter{{.per_second = 1000, .unit = Unit::bytes}};
    EXPECT_EQ(limiter.wait(kNow), 0s);
    limiter.take(600, 1);
    EXPECT_EQ(limiter.wait(kNow), 500ms) << "100 had been saved up";
    EXPECT_EQ(limiter.wait(kNow + 400ms), 100ms);
    EXPECT_EQ(limiter.wait(kNow + 500ms), 0s);
}

TEST(RateLimiter, CountsRecordsOrBytes) {
    RateLimiter limiter{{.per_second = 10, .unit = Unit::records}};
    (void)limiter.wait(kNow);
    limiter.take(1'000'000, 1);
    EXPECT_EQ(limiter.wait(kNow), 0s);
    limiter.take(1, 1);
    EXPECT_EQ(limiter.wait(kNow), 100ms);
}

TEST(RateLimiter, OverALongTimeTheRateHolds) {
    RateLimiter limiter{{.per_second = 1000, .unit = Unit::bytes}};
    std::uint64_t taken = 0;
    for (auto now = kNow; now < kNow + 60s; now += 7ms)
        while (limiter.wait(now) == 0s) {
            limiter.take(150, 1);
            taken += 150;
        }
    EXPECT_LE(taken, 60'000U + 100 + 150);
    EXPECT_GE(taken, 60'000U - 1000);
}

TEST(CpuLimiter, ABusyProcessWaitsAndAnIdleOneDoesNot) {
    CpuLimiter limiter{0.05};
    const auto begin = CpuLimiter::Clock::now();
    bool waited = false;
    for (auto now = begin; !waited && now < begin + 20s; now = CpuLimiter::Clock::now())
        waited = limiter.wait(now) > 0s;  // this very loop is what keeps the process busy
    EXPECT_TRUE(waited);
    EXPECT_EQ(limiter.wait(CpuLimiter::Clock::now() + 1h), 0s);
    CpuLimiter none{0};
    EXPECT_EQ(none.wait(begin), 0s);
}

}  // namespace
}  // namespace agent::pipeline
