#include "center/api/rollout_driver.h"

#include <chrono>
#include <utility>

#include "center/catalog/plans.h"
#include "center/rollout/plan.h"

namespace center::api {

namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr std::uint64_t kTicksToForget = 60;
constexpr std::chrono::minutes kReturnMax{5};  // an agent that found no center asks again after that at the latest

const char* action_of(const model::Rollout& before, const model::Rollout& next) {
    if (next.state == model::RolloutState::reverted) return "rollout.revert";
    return next.state == model::RolloutState::done && before.is_active() ? "rollout.done" : "rollout.advance";
}

}  // namespace

model::TimeMs unix_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

RolloutDriver::RolloutDriver(base::EventLoop& loop, catalog::Catalog& catalog, fleet::Fleet& fleet,
                             fleet::Offers& offers, telemetry::Log& log)
    : catalog_(catalog), fleet_(fleet), offers_(offers), log_(log), timer_(loop) {
    timer_.every(kInterval, [this] { tick(); });
}

rollout::Facts RolloutDriver::facts(const model::Rollout& rollout) {
    if (!rollout.is_active()) return {};
    return under_way_[rollout.id].look(rollout, fleet_, offers_, fleet::Clock::now());
}

void RolloutDriver::tick() {
    if (++ticks_ % kTicksToForget == 0) fleet_.forget_silent(fleet::Clock::now());
    const auto& rollouts = catalog_.state().rollouts;
    std::erase_if(under_way_, [&](const auto& entry) {
        const auto found = rollouts.find(entry.first);
        return found == rollouts.end() || !found->second.is_active();
    });
    for (const auto& [id, rollout] : rollouts)
        if (rollout.is_active()) {
            const auto seen = facts(rollout);
            if (auto next = rollout::take_step(rollout, seen, patience_with(rollout, seen), unix_now()))
                move(rollout, std::move(*next));
        }
}

// After a start the agents come back over the time of two heartbeats. As long as none of those is back that a rollout
// had reached before, nothing can be said of it, until the last must have asked again.
rollout::Patience RolloutDriver::patience_with(const model::Rollout& rollout, const rollout::Facts& facts) const {
    const auto up = fleet::Clock::now() - started_;
    const auto soon = 2 * fleet_.limits().heartbeat_interval + kInterval;
    const bool nobody_is_back = rollout.started_at < started_at_ && facts.reached.agents == 0;
    const bool is_asked = up < soon || (nobody_is_back && up < soon + kReturnMax);
    return is_asked ? rollout::Patience::asked : rollout::Patience::over;
}

// An operator may have been faster: then nothing is done, and the next look is at what he made of it.
void RolloutDriver::move(const model::Rollout& seen, model::Rollout next) {
    const auto* action = action_of(seen, next);
    auto plan = [seen, next, action](const catalog::State& state) -> catalog::Planned {
        const auto found = state.rollouts.find(seen.id);
        if (found == state.rollouts.end() || found->second != seen) return store::Batch{};
        return catalog::move_rollout(state, {.name = "center", .now = unix_now()}, next, action);
    };
    catalog_.change(std::move(plan), [this, next](const auto& done) {
        if (!done) return log_.error("rollout cannot go on", {{"rollout", next.id}, {"error", done.error().error}});
        if (next.state == model::RolloutState::reverted)
            return log_.warn("rollout is reverted",
                             {{"rollout", next.id}, {"group", next.group}, {"reason", next.reason}});
        log_.info(next.state == model::RolloutState::done ? "rollout is done" : "rollout goes on",
                  {{"rollout", next.id}, {"group", next.group}, {"stage", next.stage + 1}});
    });
}

}  // namespace center::api
