#include "center/rollout/gate.h"

#include <algorithm>

#include <fmt/format.h>

namespace center::rollout {

namespace {

constexpr double kPercent = 100;

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : kPercent * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::uint64_t Facts::pending() const {
    const auto answered = applied + failed + reached.silent;
    return reached.agents > answered ? reached.agents - answered : 0;
}

model::RolloutCounts Facts::counts() const {
    return {.reached = reached.agents, .offered = offered, .applied = applied, .failed = failed};
}

std::optional<std::string> breach(const model::Gate& gate, const Facts& facts) {
    const auto& reached = facts.reached;
    if (const auto failed = share(facts.failed, reached.agents); failed > gate.failed_max_percent) {
        auto text = fmt::format("{} of {} agents failed to apply it ({:.1f} %, at most {:g} %)", facts.failed,
                                reached.agents, failed, gate.failed_max_percent);
        if (facts.refused_before > 0)
            text += fmt::format("; {} of them had reported it before (ask for a retry of the agent first)",
                                facts.refused_before);
        return text;
    }
    // What also befalls agents that were left alone is not the config's fault.
    if (const auto silent = share(reached.silent, reached.agents);
        silent > gate.silent_max_percent && silent > share(facts.others.silent, facts.others.agents))
        return fmt::format("{} of {} agents have gone silent ({:.1f} %, at most {:g} %)", reached.silent,
                           reached.agents, silent, gate.silent_max_percent);
    const auto beside = [&](double Side::* rise) {
        return reached.*rise - (facts.others.agents > 0 ? std::max(facts.others.*rise, 0.0) : 0);
    };
    if (const auto rise = beside(&Side::lag_rise_bytes); rise > static_cast<double>(gate.lag_rise_max_bytes))
        return fmt::format("the lag has risen by {:.0f} bytes an agent beside those not reached (at most {})", rise,
                           gate.lag_rise_max_bytes);
    if (const auto rise = beside(&Side::rejected_rise); rise > static_cast<double>(gate.rejected_rise_max))
        return fmt::format("rejected records have risen by {:.0f} an agent beside those not reached (at most {})", rise,
                           gate.rejected_rise_max);
    return std::nullopt;
}

}  // namespace center::rollout
