#include "agent/admin/health.h"

#include <fmt/core.h>

namespace agent::admin {

Health judge_health(const pipeline::ShardStatus& status, const std::map<std::string, std::string>& failed,
                    const std::string& refused) {
    Health health;
    if (!refused.empty()) health.reasons.push_back("config refused: " + refused);
    for (const auto& [name, why] : failed) health.reasons.push_back(fmt::format("pipeline {}: {}", name, why));
    for (const auto& pipeline : status.pipelines) {
        if (!pipeline.sink.healthy)
            health.reasons.push_back(fmt::format("pipeline {}: {}", pipeline.name, pipeline.sink.trouble));
        if (pipeline.unopenable > 0)
            health.reasons.push_back(
                fmt::format("pipeline {}: files that cannot be opened: {}", pipeline.name, pipeline.unopenable));
        if (pipeline.rewinding > 0)
            health.reasons.push_back(fmt::format(
                "pipeline {}: files that wait to be read again because the sink did not take their records: {}",
                pipeline.name, pipeline.rewinding));
    }
    if (status.no_descriptors)
        health.reasons.emplace_back("files wait for a descriptor, and none becomes free (see ulimit -n)");
    return health;
}

std::string trouble_of(const std::optional<model::CenterStatus>& center) {
    if (!center) return "";
    if (center->denied) return "the center refuses this agent: " + center->error;
    if (center->effective_hash.empty() && !center->last_contact && !center->error.empty())
        return "the center was never reached, and there is no config of it: " + center->error;
    return "";
}

}  // namespace agent::admin
