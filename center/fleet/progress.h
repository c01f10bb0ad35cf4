// How far a rollout got, from what its agents report.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "center/catalog/state.h"
#include "center/fleet/fleet.h"
#include "center/fleet/offers.h"
#include "center/rollout/gate.h"

namespace center::fleet {

// Compares agents with what they were when the rollout met them first.
//
// Life: one per rollout that is under way. Crash: they are met again; what rose before is forgotten.
class Progress {
 public:
    rollout::Facts look(const model::Rollout& rollout, Fleet& fleet, Offers& offers, Clock::time_point now);

 private:
    struct Met {
        std::int64_t lag_bytes = 0;
        std::uint64_t rejected = 0;
        bool had_failed = false;       // the config that it is to get
        Clock::time_point reached_at;  // when it was to get it; the epoch: not yet
    };

    std::map<std::string, Met> met_;  // by uid
};

}  // namespace center::fleet
