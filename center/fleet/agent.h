// What the center knows of one agent: in memory only, told by the agent itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "center/fleet/sequence.h"
#include "center/model/selector.h"
#include "center/model/time.h"
#include "common/opamp/messages.h"

namespace center::fleet {

using Clock = std::chrono::steady_clock;

// A config as agents are offered it; many share one.
struct Offer {
    std::string hash;
    opamp::ConfigFiles files;
};

// By the agent's own message; none until it sent one.
struct Stats {
    std::int64_t lag_bytes = 0;
    std::uint64_t records_rejected = 0;
    std::uint64_t records_failed = 0;
    std::uint64_t lost_bytes = 0;
    std::int64_t config_age_seconds = 0;
};

struct Agent {
    std::string uid;  // 16 bytes
    std::string id;   // the same with hyphens
    std::string name;
    std::string version;
    model::Labels labels;
    std::uint32_t bucket = 0;
    std::string token;     // with which it enrolled, since this center started; "": it did not
    bool is_ours = false;  // a venus-agent: it knows what a manifest is
    std::string group;     // that its credential confines it to; "": its labels decide

    std::uint64_t capabilities = 0;
    bool is_described = false;  // its state is known
    SequenceWatch sequence;
    Clock::time_point last_seen;
    model::TimeMs last_heartbeat = 0;
    bool has_left = false;                   // said that it disconnects
    std::chrono::seconds asked_interval{0};  // by connection settings; 0: not asked

    bool is_healthy = true;  // until it says otherwise
    std::string health_error;
    opamp::RemoteConfigStatus status;
    model::TimeMs status_since = 0;
    std::string applied_hash;  // the last one that it said it had applied
    std::shared_ptr<const opamp::ConfigFiles> effective;
    std::string effective_hash;
    std::optional<Stats> stats;
    std::deque<std::string> failed;  // hashes that it said it cannot apply, the newest last
    std::uint64_t retries = 0;       // how often an operator said: offer it again

    std::shared_ptr<const Offer> wanted;  // none: nothing is known for it
    std::uint64_t wanted_at = 0;          // State::placing when that was found
    std::string offered_hash;             // that was last sent to it
    Clock::time_point offered_since;

    double messages_left = 0;  // of its allowance
    Clock::time_point allowance_at;

    bool has_failed(const std::string& hash) const;
    bool takes_config() const { return (capabilities & opamp::agent_capability::kAcceptsRemoteConfig) != 0; }
};

}  // namespace center::fleet
