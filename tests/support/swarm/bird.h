// One agent of the swarm.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "agent/control/center_session.h"
#include "agent/control/heartbeat_schedule.h"
#include "common/base/event_loop.h"
#include "common/base/url.h"
#include "common/net/http_client.h"

namespace swarm {

struct BirdSettings {
    base::Url url;
    std::string token;
    std::string name;
    opamp::Attributes labels;  // "label.KEY" → value
    std::chrono::milliseconds interval{5'000};
    bool fails = false;  // every config that it is offered
};

// What the swarm counts, of all its birds.
class Watcher {
 public:
    virtual ~Watcher() = default;
    virtual void answered(std::chrono::steady_clock::duration after) = 0;
    virtual void failed(const std::string& why) = 0;
    virtual void config_changed(const std::string& from_hash, const std::string& to_hash) = 0;
};

// Speaks to a center as venus-agent does, with its own session and schedule, over a connection of its own; applies any
// config at once, or refuses it.
//
// Thread: the loop's.
class Bird {
 public:
    Bird(base::EventLoop& loop, BirdSettings settings, Watcher& watcher, std::function<double()> chance);
    void start();

 private:
    void beat();
    void take(const base::Result<net::ClientResponse>& answer);
    std::chrono::milliseconds react(const agent::control::Reaction& reaction);
    void take_config(const opamp::RemoteConfig& offered);

    BirdSettings settings_;
    Watcher& watcher_;
    agent::control::CenterSession session_;
    agent::control::HeartbeatSchedule schedule_;
    agent::control::AgentReport report_;
    std::string credential_;
    std::string hash_;  // of what it runs
    std::chrono::steady_clock::time_point sent_at_;
    base::Timer timer_;
    net::HttpClient http_;
};

}  // namespace swarm
