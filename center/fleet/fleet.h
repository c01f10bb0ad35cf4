// All agents that the center has heard of since it started.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "center/fleet/agent.h"

namespace center::fleet {

struct FleetLimits {
    std::size_t agents_max = 100'000;
    std::chrono::seconds heartbeat_interval{30};
    std::chrono::hours silent_kept{24};  // an agent that is not heard of for so long is forgotten

    // After so long without a message an agent counts as silent.
    std::chrono::milliseconds patience() const;
};

// Life: the process's. Crash: everything here is told again, each agent's state with its next message.
class Fleet {
 public:
    explicit Fleet(const FleetLimits& limits) : limits_(limits) {}

    Agent* find(std::string_view uid);
    Agent* find_by_id_or_name(std::string_view id_or_name);
    Agent* admit(std::string_view uid);  // none: there are too many
    void forget(const std::string& uid);
    void forget_silent(Clock::time_point now);

    bool is_online(const Agent& agent, Clock::time_point now) const;
    const std::map<std::string, std::unique_ptr<Agent>, std::less<>>& agents() const { return agents_; }  // by uid
    const FleetLimits& limits() const { return limits_; }

    // What an agent's message says of it.
    void take(Agent& agent, const opamp::AgentToServer& message, Clock::time_point now, model::TimeMs at);

 private:
    void take_description(Agent& agent, const opamp::AgentDescription& description);
    void take_status(Agent& agent, const opamp::RemoteConfigStatus& status, model::TimeMs at);
    void take_effective(Agent& agent, const opamp::ConfigFiles& files);

    FleetLimits limits_;
    std::map<std::string, std::unique_ptr<Agent>, std::less<>> agents_;
    std::unordered_map<std::string, std::weak_ptr<const opamp::ConfigFiles>> effective_;  // equal ones are kept once
};

constexpr std::string_view kStatsCapability = "io.venus.agent.stats";

}  // namespace center::fleet
