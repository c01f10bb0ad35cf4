// `venus-agent status`, as JSON and as text.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "agent/admin/health.h"
#include "agent/model/center_status.h"
#include "agent/pipeline/shard_status.h"

namespace agent::admin {

// What the whole agent is, besides its shard.
struct AgentAbout {
    std::string name;
    std::string version;
    std::string session;
    std::string config_file;
    std::chrono::seconds uptime{};
    std::chrono::system_clock::time_point started_at = {};
    std::string store_set_aside;                     // where a damaged checkpoint store went at this start
    std::optional<model::CenterStatus> center = {};  // none: it has no center
};

std::string status_json(const AgentAbout& about, const pipeline::ShardStatus& status, const Health& health);

// The JSON of status_json(), for people. Errors: it is not that.
base::Result<std::string> status_text(std::string_view json);

// Exit code of `venus-agent status` for that JSON: 0 healthy, 3 degraded, 1 no such JSON.
int status_exit_code(std::string_view json);

}  // namespace agent::admin
