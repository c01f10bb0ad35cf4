// Whether a rollout may go on, from what its agents report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "center/model/rollout.h"

namespace center::rollout {

// Agents of one side: those that the rollout has reached, or those that it has not.
struct Side {
    std::uint64_t agents = 0;
    std::uint64_t silent = 0;   // were online when the rollout met them, and are not now
    double lag_rise_bytes = 0;  // mean, since the rollout met them
    double rejected_rise = 0;   // mean
};

struct Facts {
    Side reached;
    Side others;
    std::uint64_t offered = 0;         // of the reached: the new config was sent to them
    std::uint64_t applied = 0;         // said that they run it
    std::uint64_t failed = 0;          // said that they cannot, or have said nothing for too long
    std::uint64_t refused_before = 0;  // of the failed: had said so before this rollout, which did not offer it again

    // Online and asked to change, but not heard of yet.
    std::uint64_t pending() const;
    model::RolloutCounts counts() const;
};

// Why the gate is breached; none: it is not.
std::optional<std::string> breach(const model::Gate& gate, const Facts& facts);

}  // namespace center::rollout
