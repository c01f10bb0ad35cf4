#include "center/rollout/plan.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "center/rollout/bucket.h"

namespace center::rollout {

namespace {

using model::RolloutState;

constexpr std::chrono::hours kHoldMax{24 * 31};
constexpr double kPercentMax = 100;

model::Rollout ended(model::Rollout rollout, RolloutState state, const Facts& facts, model::TimeMs now) {
    rollout.state = state;
    rollout.ended_at = now;
    rollout.counts = facts.counts();
    return rollout;
}

}  // namespace

std::optional<std::string> check_stages(const std::vector<model::Stage>& stages) {
    if (stages.empty()) return "there is no stage (write [{\"percent\": 10, \"hold\": \"5m\"}, {\"percent\": 100}])";
    if (stages.size() > model::Rollout::kStagesMax)
        return fmt::format("there are {} stages (at most {})", stages.size(), model::Rollout::kStagesMax);
    std::uint32_t before = 0;
    for (const auto& stage : stages) {
        if (stage.hold > kHoldMax || stage.hold.count() < 0) return "a hold is out of bounds (from 0s to 31 days)";
        if (stage.selector) continue;
        if (stage.share == 0 || stage.share > kBuckets) return "a percent is out of bounds (from 0.01 to 100)";
        if (stage.share <= before) return "each percent must be more than the one before it";
        before = stage.share;
    }
    const auto& last = stages.back();
    const bool is_everybody = last.selector ? last.selector->text().empty() : last.share == kBuckets;
    if (!is_everybody) return "the last stage must reach everybody (write {\"percent\": 100})";
    return std::nullopt;
}

std::optional<std::string> check_gate(const model::Gate& gate) {
    for (const auto percent : {gate.failed_max_percent, gate.silent_max_percent})
        if (std::isnan(percent) || percent < 0 || percent > kPercentMax)
            return fmt::format("{} percent is out of bounds (from 0 to 100)", percent);
    return std::nullopt;
}

std::optional<model::Rollout> take_step(const model::Rollout& rollout, const Facts& facts, Patience patience,
                                        model::TimeMs now) {
    if (!rollout.is_active()) return std::nullopt;
    if (const auto why = breach(rollout.gate, facts)) {
        auto reverted = ended(rollout, RolloutState::reverted, facts, now);
        reverted.reason = fmt::format("gate of stage {}: {}", rollout.stage + 1, *why);
        return reverted;
    }
    if (rollout.state == RolloutState::paused || patience == Patience::asked) return std::nullopt;
    const auto& stage = rollout.stages.at(rollout.stage);
    if (facts.pending() > 0 || now - rollout.stage_since < stage.hold.count()) return std::nullopt;
    if (rollout.stage + 1 == rollout.stages.size()) return ended(rollout, RolloutState::done, facts, now);
    auto next = rollout;
    ++next.stage;
    next.stage_since = now;
    return next;
}

base::Result<model::Rollout> obey(const model::Rollout& rollout, Command command, const std::string& who,
                                  const Facts& facts, model::TimeMs now) {
    const auto cannot = [&](const char* verb, const char* which) {
        return base::fail("cannot {} rollout {}: it is {} (only {} can be)", verb, rollout.id,
                          model::word_of(rollout.state), which);
    };
    auto next = rollout;
    switch (command) {
        case Command::pause:
            if (rollout.state != RolloutState::running) return cannot("pause", "a running one");
            next.state = RolloutState::paused;
            next.reason = "paused by " + who;
            return next;
        case Command::resume:
            if (rollout.state != RolloutState::paused) return cannot("resume", "a paused one");
            next.state = RolloutState::running;
            next.reason.clear();
            next.stage_since = now;  // held again: what was seen meanwhile was seen of a rollout at rest
            return next;
        case Command::abort:
            if (!rollout.is_active()) return cannot("abort", "a running or paused one");
            next = ended(rollout, RolloutState::aborted, facts, now);
            next.reason = "aborted by " + who;
            return next;
        case Command::revert:
            if (rollout.state == RolloutState::reverted) return cannot("revert", "one that is not");
            next = ended(rollout, RolloutState::reverted, facts, now);
            next.reason = "reverted by " + who;
            return next;
    }
    return cannot("change", "none");
}

}  // namespace center::rollout
