// Moves rollouts on: once a second it looks at their agents.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "center/catalog/catalog.h"
#include "center/fleet/fleet.h"
#include "center/fleet/offers.h"
#include "center/fleet/progress.h"
#include "center/rollout/plan.h"
#include "common/base/event_loop.h"
#include "common/telemetry/log.h"

namespace center::api {

model::TimeMs unix_now();

// Life: catalog, fleet and offers outlive it. Thread: the loop's. Crash: rollouts go on where they were, after the
// agents have had time to come back.
class RolloutDriver {
 public:
    RolloutDriver(base::EventLoop& loop, catalog::Catalog& catalog, fleet::Fleet& fleet, fleet::Offers& offers,
                  telemetry::Log& log);

    // Of a rollout that is under way, as of the last look; of one that has ended, nothing.
    rollout::Facts facts(const model::Rollout& rollout);

 private:
    void tick();
    rollout::Patience patience_with(const model::Rollout& rollout, const rollout::Facts& facts) const;
    void move(const model::Rollout& seen, model::Rollout next);

    catalog::Catalog& catalog_;
    fleet::Fleet& fleet_;
    fleet::Offers& offers_;
    telemetry::Log& log_;
    fleet::Clock::time_point started_ = fleet::Clock::now();
    model::TimeMs started_at_ = unix_now();
    std::map<std::uint64_t, fleet::Progress> under_way_;
    std::uint64_t ticks_ = 0;
    base::Timer timer_;
};

}  // namespace center::api
