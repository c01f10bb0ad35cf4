#include "center/rollout/plan.h"

#include <gmock/gmock.h>

namespace center::rollout {
namespace {

using model::RolloutState;
using std::chrono::milliseconds;
using testing::HasSubstr;

model::Rollout in_two_stages() {
    return {.id = 7, .stages = {{.share = 1000, .hold = milliseconds(500)}, {.share = 10'000}}, .stage_since = 1000};
}

const Facts kAllWell{.reached = {.agents = 10}, .offered = 10, .applied = 10};
const Facts kAwaited{.reached = {.agents = 10}, .offered = 10, .applied = 9};

TEST(Plan, NeedsStagesThatGrowUpToEverybody) {
    EXPECT_FALSE(check_stages(in_two_stages().stages));
    EXPECT_THAT(*check_stages({}), HasSubstr("no stage"));
    EXPECT_THAT(*check_stages({{.share = 1000}}), HasSubstr("everybody"));
    EXPECT_THAT(*check_stages({{.share = 1000}, {.share = 500}, {.share = 10'000}}), HasSubstr("more than the one"));
    EXPECT_THAT(*check_stages({{.share = 0}, {.share = 10'000}}), HasSubstr("out of bounds"));
    EXPECT_THAT(*check_stages({{.share = 10'001}}), HasSubstr("out of bounds"));
    EXPECT_THAT(*check_stages({{.selector = *model::Selector::parse("a = \"b\"")}}), HasSubstr("everybody"));
    EXPECT_FALSE(check_stages({{.selector = model::Selector{}}}));
    EXPECT_FALSE(check_gate({}));
    EXPECT_THAT(*check_gate({.failed_max_percent = 101}), HasSubstr("101 percent is out of bounds"));
    EXPECT_THAT(*check_stages({{.share = 10'000, .hold = std::chrono::hours(1000)}}), HasSubstr("hold"));
    EXPECT_THAT(*check_stages(std::vector<model::Stage>(33, {.share = 1})), HasSubstr("33 stages"));
}

TEST(Plan, AStageIsHeldForItsTimeAndUntilEverybodyHasAnswered) {
    EXPECT_FALSE(take_step(in_two_stages(), kAllWell, Patience::over, 1499));
    EXPECT_FALSE(take_step(in_two_stages(), kAwaited, Patience::over, 9999));
    const auto next = take_step(in_two_stages(), kAllWell, Patience::over, 1500);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->stage, 1U);
    EXPECT_EQ(next->stage_since, 1500);
    EXPECT_EQ(next->state, RolloutState::running);
}

TEST(Plan, TheLastStageEndsIt) {
    auto rollout = in_two_stages();
    rollout.stage = 1;
    const auto done = take_step(rollout, kAllWell, Patience::over, 2000);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->state, RolloutState::done);
    EXPECT_EQ(done->ended_at, 2000);
    EXPECT_EQ(done->counts, (model::RolloutCounts{.reached = 10, .offered = 10, .applied = 10}));
}

TEST(Plan, ABreachedGateRevertsAndSaysWhyEvenOfAPausedOne) {
    for (const auto state : {RolloutState::running, RolloutState::paused}) {
        auto rollout = in_two_stages();
        rollout.state = state;
        const auto reverted = take_step(rollout, {.reached = {.agents = 10}, .failed = 2}, Patience::over, 1001);
        ASSERT_TRUE(reverted);
        EXPECT_EQ(reverted->state, RolloutState::reverted);
        EXPECT_THAT(reverted->reason, HasSubstr("gate of stage 1: 2 of 10 agents failed"));
    }
}

TEST(Plan, ACenterThatHasJustStartedGoesNoFurther) {
    EXPECT_FALSE(take_step(in_two_stages(), {}, Patience::asked, 99'999));
    EXPECT_TRUE(take_step(in_two_stages(), {}, Patience::over, 99'999));
}

TEST(Plan, APausedOneStaysWhereItIsAndIsHeldAgainWhenResumed) {
    const auto paused = obey(in_two_stages(), Command::pause, "ann", {}, 1100);
    ASSERT_TRUE(paused);
    EXPECT_EQ(paused->reason, "paused by ann");
    EXPECT_FALSE(take_step(*paused, kAllWell, Patience::over, 99'999));
    const auto resumed = obey(*paused, Command::resume, "ann", {}, 5000);
    ASSERT_TRUE(resumed);
    EXPECT_FALSE(take_step(*resumed, kAllWell, Patience::over, 5499));
    EXPECT_TRUE(take_step(*resumed, kAllWell, Patience::over, 5500));
}

TEST(Plan, CommandsThatMakeNoSenseAreRefused) {
    auto rollout = in_two_stages();
    EXPECT_THAT(obey(rollout, Command::resume, "ann", {}, 0).error().message, HasSubstr("it is running"));
    rollout.state = RolloutState::done;
    for (const auto command : {Command::pause, Command::resume, Command::abort})
        EXPECT_FALSE(obey(rollout, command, "ann", {}, 0));
    EXPECT_EQ(obey(rollout, Command::revert, "ann", {}, 9)->state, RolloutState::reverted);
    rollout.state = RolloutState::reverted;
    for (const auto command : {Command::pause, Command::resume, Command::abort, Command::revert})
        EXPECT_FALSE(obey(rollout, command, "ann", {}, 0));
    rollout.state = RolloutState::aborted;
    EXPECT_TRUE(obey(rollout, Command::revert, "ann", {}, 0));
}

}  // namespace
}  // namespace center::rollout
