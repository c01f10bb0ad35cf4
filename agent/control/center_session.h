// What agent and center say to each other by OpAMP; no clock, no network.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/opamp/messages.h"

namespace agent::control {

// OpAMP has no fields for what a rollout's gate looks at besides health: the agent sends them as custom messages, to a
// center that says it knows them.
constexpr std::string_view kStatsCapability = "io.venus.agent.stats";
constexpr std::string_view kStatsType = "stats";

// All that the agent tells of itself, as it is now.
struct AgentReport {
    opamp::AgentDescription description;
    opamp::ComponentHealth health;
    opamp::ConfigFiles effective_config;
    opamp::RemoteConfigStatus config_status;
    std::optional<opamp::ConnectionSettingsStatus> settings_status;
    std::string stats;  // a JSON object; told when it changes, together with the config's age, which always does
    std::optional<std::chrono::seconds> config_age;
};

// What an answer asks of the agent. What is not there did not change.
struct Reaction {
    std::optional<opamp::RemoteConfig> offered;         // another one than the last
    std::optional<opamp::ConnectionSettings> settings;  // as well
    std::optional<std::string> new_uid;                 // taken already; to be stored
    bool wants_report = false;                          // the next message should not wait for its time
    std::optional<std::string> error;                   // the server did not take the message, or it is no answer to it
    std::optional<std::chrono::milliseconds> retry_after;
};

// Keeps what the center was told, so that each message has what changed since then, and nothing else. There is no
// queue: a message that was lost is made anew, of the present.
//
// Thread: its owner's; pure.
class CenterSession {
 public:
    explicit CenterSession(std::string instance_uid) : uid_(std::move(instance_uid)) {}

    // The next message, to be answered or lost before the one after it.
    opamp::AgentToServer next(AgentReport now);
    opamp::AgentToServer farewell();

    Reaction answered(const opamp::ServerToAgent& answer);
    void lost();  // the message may or may not have arrived

    // Whether `now` has what the center should know soon: what it waits for, or what it decides by. Health and
    // statistics have time until the next heartbeat.
    bool has_news(const AgentReport& now) const;

    const std::string& instance_uid() const { return uid_; }

 private:
    opamp::AgentToServer begin();
    bool server_takes(std::uint64_t capability) const;

    std::string uid_;
    std::uint64_t sequence_ = 0;
    std::optional<AgentReport> told_;    // none: all of it is to be told
    std::optional<AgentReport> saying_;  // in the message that is on its way
    bool saying_all_ = false;
    std::optional<std::uint64_t> server_capabilities_;  // once it said so
    bool server_wants_stats_ = false;
};

}  // namespace agent::control
