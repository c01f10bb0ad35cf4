#include "center/rollout/gate.h"

#include <gmock/gmock.h>

namespace center::rollout {
namespace {

using testing::HasSubstr;

std::string why(const Facts& facts, const model::Gate& gate = {}) {
    return breach(gate, facts).value_or("open");
}

TEST(Gate, IsOpenWhileNobodyWasReached) {
    EXPECT_EQ(why({}), "open");
}

TEST(Gate, ClosesWhenMoreAgentsFailThanMay) {
    EXPECT_EQ(why({.reached = {.agents = 100}, .failed = 5}), "open");
    EXPECT_THAT(why({.reached = {.agents = 100}, .failed = 6}), HasSubstr("6 of 100 agents failed to apply it"));
    EXPECT_THAT(why({.reached = {.agents = 5}, .failed = 1}, {.failed_max_percent = 0}), HasSubstr("1 of 5"));
}

TEST(Gate, SaysWhoHadRefusedItBefore) {
    EXPECT_THAT(why({.reached = {.agents = 2}, .failed = 2, .refused_before = 1}), HasSubstr("1 of them had"));
}

TEST(Gate, ClosesWhenAgentsGoSilentUnlessTheOthersDoSoToo) {
    EXPECT_THAT(why({.reached = {.agents = 10, .silent = 2}, .others = {.agents = 90}}), HasSubstr("gone silent"));
    EXPECT_EQ(why({.reached = {.agents = 10, .silent = 2}, .others = {.agents = 90, .silent = 18}}), "open");
    EXPECT_EQ(why({.reached = {.agents = 10, .silent = 1}, .others = {.agents = 90}}), "open");
}

TEST(Gate, ComparesLagWithTheAgentsNotReached) {
    const model::Gate gate{.lag_rise_max_bytes = 100};
    EXPECT_THAT(why({.reached = {.agents = 1, .lag_rise_bytes = 101}}, gate), HasSubstr("lag"));
    EXPECT_EQ(
        why({.reached = {.agents = 1, .lag_rise_bytes = 150}, .others = {.agents = 1, .lag_rise_bytes = 60}}, gate),
        "open");
    // That the others catch up is no reason to blame those that were reached.
    EXPECT_EQ(
        why({.reached = {.agents = 1, .lag_rise_bytes = 90}, .others = {.agents = 1, .lag_rise_bytes = -500}}, gate),
        "open");
}

TEST(Gate, ComparesRejectedRecords) {
    const model::Gate gate{.rejected_rise_max = 10};
    EXPECT_THAT(why({.reached = {.agents = 1, .rejected_rise = 11}}, gate), HasSubstr("rejected"));
    EXPECT_EQ(why({.reached = {.agents = 1, .rejected_rise = 11}, .others = {.agents = 3, .rejected_rise = 5}}, gate),
              "open");
}

TEST(Facts, AreAwaitedFromWhoHasNeitherAnsweredNorGoneSilent) {
    const Facts facts{.reached = {.agents = 10, .silent = 2}, .offered = 8, .applied = 5, .failed = 1};
    EXPECT_EQ(facts.pending(), 2U);
}

}  // namespace
}  // namespace center::rollout
