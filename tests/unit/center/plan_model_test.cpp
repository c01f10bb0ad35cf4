// Random histories of a rollout over simulated agents: whatever agents and operators do, its rules hold.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "center/rollout/bucket.h"
#include "center/rollout/plan.h"

namespace center::rollout {
namespace {

using model::RolloutState;

struct Agent {
    std::uint32_t bucket = 0;
    bool runs_new = false;
    bool has_failed = false;
    bool is_silent = false;
};

class History {
 public:
    explicit History(unsigned seed) : random_(seed) {
        std::uint32_t share = 0;
        while (share < kBuckets && rollout_.stages.size() < 6) {
            share += 1 + pick(4000);
            rollout_.stages.push_back(
                {.share = std::min(share, kBuckets), .hold = std::chrono::milliseconds(pick(50))});
        }
        if (rollout_.stages.back().share != kBuckets) rollout_.stages.push_back({.share = kBuckets});
        EXPECT_FALSE(check_stages(rollout_.stages));
        fails_of_hundred_ = pick(3) == 0 ? 0 : pick(30);
        for (std::uint32_t i = pick(60); i > 0; --i)
            agents_.push_back({.bucket = bucket_of(std::to_string(random_()))});
    }

    void run() {
        for (int turn = 0; turn < 400; ++turn) {
            now_ += pick(20);
            for (auto& agent : agents_) live(agent);
            if (pick(20) == 0) command();
            step();
        }
    }

 private:
    std::uint32_t pick(std::uint32_t n) { return static_cast<std::uint32_t>(random_()) % n; }

    void live(Agent& agent) {
        const bool wants_new = has_reached(rollout_, agent.bucket, {});
        if (!wants_new) agent = {.bucket = agent.bucket};
        if (wants_new && !agent.runs_new && !agent.has_failed && pick(3) == 0)
            (pick(100) < fails_of_hundred_ ? agent.has_failed : agent.runs_new) = true;
    }

    Facts facts() const {
        Facts facts;
        for (const auto& agent : agents_) {
            if (!has_reached(rollout_, agent.bucket, {})) {
                ++facts.others.agents;
                continue;
            }
            ++facts.reached.agents;
            ++facts.offered;
            facts.applied += agent.runs_new ? 1 : 0;
            facts.failed += agent.has_failed ? 1 : 0;
        }
        return facts;
    }

    void command() {
        const auto which = static_cast<Command>(pick(4));
        if (which == Command::revert && pick(5) != 0) return;
        const auto before = rollout_;
        if (auto next = obey(rollout_, which, "ann", facts(), now_)) rollout_ = *next;
        check(before);
    }

    void step() {
        const auto before = rollout_;
        const auto seen = facts();
        if (auto next = take_step(rollout_, seen, Patience::over, now_)) rollout_ = *next;
        check(before);
        if (before.is_active() && breach(before.gate, seen)) {
            EXPECT_EQ(rollout_.state, RolloutState::reverted);
            EXPECT_NE(rollout_.reason, "");
        }
        if (rollout_.stage > before.stage) {
            EXPECT_EQ(before.state, RolloutState::running);
            EXPECT_EQ(seen.pending(), 0U);
            EXPECT_GE(now_ - before.stage_since, before.stages[before.stage].hold.count());
        }
        if (rollout_.state == RolloutState::done && before.is_active()) {
            EXPECT_EQ(before.stage + 1, before.stages.size());
        }
    }

    void check(const model::Rollout& before) {
        EXPECT_LE(rollout_.stage, before.stage + 1);
        EXPECT_GE(rollout_.stage, before.stage);
        EXPECT_EQ(rollout_.ended_at != 0, !rollout_.is_active());
        if (before.state == RolloutState::reverted) {
            EXPECT_EQ(rollout_, before);
        } else if (!before.is_active() && rollout_ != before) {
            EXPECT_EQ(rollout_.state, RolloutState::reverted);
        }
        // Nobody is let go of but by a revert.
        for (const auto& agent : agents_) {
            if (rollout_.state != RolloutState::reverted && has_reached(before, agent.bucket, {})) {
                EXPECT_TRUE(has_reached(rollout_, agent.bucket, {}));
            }
        }
    }

    std::mt19937 random_;
    model::Rollout rollout_{.id = 1};
    std::vector<Agent> agents_;
    std::uint32_t fails_of_hundred_ = 0;
    model::TimeMs now_ = 1;
};

TEST(PlanModel, WhateverAgentsAndOperatorsDoTheRulesHold) {
    for (unsigned seed = 1; seed <= 2000; ++seed) {
        SCOPED_TRACE(seed);
        History(seed).run();
        if (testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace center::rollout
