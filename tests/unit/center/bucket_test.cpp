#include "center/rollout/bucket.h"

#include <gtest/gtest.h>

namespace center::rollout {
namespace {

model::Rollout by_percent(std::uint32_t share) {
    return {.stages = {{.share = share}, {.share = kBuckets}}};
}

TEST(Bucket, IsTheSameForEver) {
    // Written down: another hash would move every agent to another bucket while a rollout runs.
    EXPECT_EQ(bucket_of("a"), 3874U);
    EXPECT_EQ(bucket_of("b"), 8223U);
}

TEST(Bucket, SharesAreNestedAndAboutAsLargeAsTheySay) {
    int in_one = 0;
    int in_ten = 0;
    constexpr int kAgents = 20'000;
    for (int i = 0; i < kAgents; ++i) {
        const auto bucket = bucket_of("agent-" + std::to_string(i));
        const bool one = has_reached(by_percent(100), bucket, {});
        const bool ten = has_reached(by_percent(1000), bucket, {});
        EXPECT_TRUE(!one || ten);
        in_one += one ? 1 : 0;
        in_ten += ten ? 1 : 0;
    }
    EXPECT_NEAR(in_one, kAgents / 100, 60);
    EXPECT_NEAR(in_ten, kAgents / 10, 200);
}

TEST(Reach, AddsUpOverTheStages) {
    const auto bj = *model::Selector::parse("idc = \"bj1\"");
    model::Rollout rollout{.stages = {{.selector = bj}, {.share = 5000}, {.share = kBuckets}}};
    EXPECT_TRUE(has_reached(rollout, 9999, {{"idc", "bj1"}}));
    EXPECT_FALSE(has_reached(rollout, 0, {{"idc", "sh1"}}));
    rollout.stage = 1;
    EXPECT_TRUE(has_reached(rollout, 9999, {{"idc", "bj1"}}));
    EXPECT_TRUE(has_reached(rollout, 4999, {}));
    EXPECT_FALSE(has_reached(rollout, 5000, {}));
}

TEST(Reach, OfADoneRolloutIsEverybodyAndOfARevertedOneNobody) {
    auto rollout = by_percent(1);
    rollout.state = model::RolloutState::done;
    EXPECT_TRUE(has_reached(rollout, 9999, {}));
    rollout.state = model::RolloutState::reverted;
    EXPECT_FALSE(has_reached(rollout, 0, {}));
    rollout.state = model::RolloutState::aborted;  // stays where it stopped
    EXPECT_TRUE(has_reached(rollout, 0, {}));
    EXPECT_FALSE(has_reached(rollout, 1, {}));
}

}  // namespace
}  // namespace center::rollout
