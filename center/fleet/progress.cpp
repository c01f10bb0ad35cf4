#include "center/fleet/progress.h"

#include "center/rollout/bucket.h"

namespace center::fleet {

namespace {

// An agent that is online and has said nothing for so long counts as failed.
constexpr std::chrono::minutes kAnswerAgeMax{10};

bool belongs_to(const Agent& agent, const model::Rollout& rollout) {
    if (!agent.takes_config() || !agent.is_described) return false;
    if (!agent.group.empty()) return agent.group == rollout.group;
    return rollout.target.selector.matches(agent.labels) ||
           (rollout.before && rollout.before->selector.matches(agent.labels));
}

std::uint64_t rejected_of(const Agent& agent) {
    return agent.stats ? agent.stats->records_rejected : 0;
}

struct Rise {
    double lag = 0;
    double rejected = 0;
};

}  // namespace

rollout::Facts Progress::look(const model::Rollout& rollout, Fleet& fleet, Offers& offers, Clock::time_point now) {
    rollout::Facts facts;
    Rise reached;
    Rise others;
    for (const auto& [uid, agent] : fleet.agents()) {
        if (!belongs_to(*agent, rollout)) continue;
        const bool is_online = fleet.is_online(*agent, now);
        auto met = met_.find(uid);
        if (met == met_.end()) {
            if (!is_online) continue;  // it was away before: not this rollout's doing
            met = met_.emplace(uid, Met{.lag_bytes = agent->stats ? agent->stats->lag_bytes : 0,
                                        .rejected = rejected_of(*agent)})
                      .first;
        }
        if (agent->has_left) continue;  // and said so
        const bool is_reached = rollout::has_reached(rollout, agent->bucket, agent->labels);
        auto& side = is_reached ? facts.reached : facts.others;
        auto& rise = is_reached ? reached : others;
        ++side.agents;
        if (agent->stats) {
            rise.lag += static_cast<double>(agent->stats->lag_bytes - met->second.lag_bytes);
            // A restarted agent counts from nothing.
            if (rejected_of(*agent) > met->second.rejected)
                rise.rejected += static_cast<double>(rejected_of(*agent) - met->second.rejected);
        }
        if (!is_reached) {
            side.silent += is_online ? 0 : 1;
            continue;
        }
        const auto& wanted = offers.wanted(*agent);
        const auto hash = wanted ? Offers::hash_for(*agent, *wanted) : agent->status.last_hash;
        if (met->second.reached_at == Clock::time_point{}) {
            met->second.reached_at = now;
            met->second.had_failed = agent->has_failed(hash) && agent->offered_hash != hash;
        }
        facts.offered += !wanted || agent->offered_hash == hash || agent->status.last_hash == hash ? 1U : 0U;
        const bool is_answer = agent->status.last_hash == hash;
        if (wanted && agent->has_failed(hash)) {
            ++facts.failed;
            facts.refused_before += met->second.had_failed ? 1U : 0U;
        } else if (!is_online) {  // even if it had applied it: that may be why
            ++side.silent;
        } else if (!wanted || (is_answer && agent->status.status == opamp::ConfigStatus::applied)) {
            ++facts.applied;
        } else if (now - met->second.reached_at > kAnswerAgeMax) {
            ++facts.failed;
        }
    }
    const auto mean = [](double sum, std::uint64_t count) { return count == 0 ? 0 : sum / static_cast<double>(count); };
    facts.reached.lag_rise_bytes = mean(reached.lag, facts.reached.agents);
    facts.reached.rejected_rise = mean(reached.rejected, facts.reached.agents);
    facts.others.lag_rise_bytes = mean(others.lag, facts.others.agents);
    facts.others.rejected_rise = mean(others.rejected, facts.others.agents);
    return facts;
}

}  // namespace center::fleet
