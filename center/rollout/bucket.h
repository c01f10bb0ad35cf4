// Which share of the agents an agent is in, and whether a rollout has reached it.
#pragma once

#include <cstdint>
#include <string_view>

#include "center/model/rollout.h"

namespace center::rollout {

constexpr std::uint32_t kBuckets = 10'000;

// The same for the same id in every rollout, so that the agents of the 1 % are among those of the 10 %.
std::uint32_t bucket_of(std::string_view agent_id);

// Is an agent in one of the stages up to the present one? Only running and paused rollouts have a present one; an
// aborted one stays where it stopped, a done one has reached everybody, a reverted one nobody.
bool has_reached(const model::Rollout& rollout, std::uint32_t bucket, const model::Labels& labels);

}  // namespace center::rollout
