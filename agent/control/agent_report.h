// What the agent tells its center of itself, out of what it knows; pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "agent/control/center_session.h"
#include "agent/pipeline/shard_status.h"
#include "common/config/config.h"

namespace agent::control {

struct AboutAgent {
    std::string instance_id;  // the instance uid's text
    std::string version;
    std::string host_name;
    std::chrono::system_clock::time_point started_at;
};

opamp::AgentDescription describe(const AboutAgent& about, const config::AgentConfig& agent);

// What the shard does not know of.
struct Trouble {
    std::map<std::string, std::string> failed;      // pipelines that cannot run, with the reason
    std::map<std::string, std::string> unfollowed;  // paths that cannot or must not be read, with the reason
    std::string refused;                            // why the host's own file was; "": it was not
};

// A tree: `pipeline/NAME`, `sink/CLUSTER`, `files`, `control`. `status`: none where the shard does not answer.
opamp::ComponentHealth health_of(const AboutAgent& about, const config::Config& effective,
                                 const std::optional<pipeline::ShardStatus>& status, const Trouble& trouble,
                                 std::chrono::system_clock::time_point now);

// The message of kStatsCapability: JSON, of all pipelines together.
std::string stats_of(const pipeline::ShardStatus& status, std::uint64_t revision);

}  // namespace agent::control
