#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/center_status.h"
#include "agent/pipeline/shard_status.h"

namespace agent::admin {

// Healthy: no reasons. Degraded: it runs and loses nothing, but somebody should look.
struct Health {
    std::vector<std::string> reasons;

    bool healthy() const { return reasons.empty(); }
};

// `failed`: pipelines that could not be built, with the reason. `refused`: why the last reload was; "": it was not.
Health judge_health(const pipeline::ShardStatus& status, const std::map<std::string, std::string>& failed,
                    const std::string& refused);

// Why the center is a reason; "": it is not. Out of reach is none while a config of it runs.
std::string trouble_of(const std::optional<model::CenterStatus>& center);

}  // namespace agent::admin
