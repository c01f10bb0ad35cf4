#include "center/rollout/bucket.h"

#include <algorithm>
#include <string>

#include <xxhash.h>

namespace center::rollout {

std::uint32_t bucket_of(std::string_view agent_id) {
    const auto salted = "venus" + std::string(agent_id);
    return static_cast<std::uint32_t>(XXH3_64bits(salted.data(), salted.size()) % kBuckets);
}

bool has_reached(const model::Rollout& rollout, std::uint32_t bucket, const model::Labels& labels) {
    if (rollout.state == model::RolloutState::done) return true;
    if (rollout.state == model::RolloutState::reverted) return false;
    for (std::size_t i = 0; i <= rollout.stage && i < rollout.stages.size(); ++i) {
        const auto& stage = rollout.stages[i];
        if (stage.selector ? stage.selector->matches(labels) : bucket < stage.share) return true;
    }
    return false;
}

}  // namespace center::rollout
