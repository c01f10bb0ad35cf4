// Which config an agent is to run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "center/catalog/state.h"
#include "center/fleet/agent.h"

namespace center::fleet {

// The union of what the agent's groups assign to it. Made once for each set of revisions, however many agents get it.
class Offers {
 public:
    explicit Offers(const catalog::State& state) : state_(state) {}

    // What the agent is to run; kept with the agent until something changes. None: this center knows of nothing for it,
    // and leaves alone what it runs.
    const std::shared_ptr<const Offer>& wanted(Agent& agent);

    // The hash to offer it under: another one after each retry, for an agent looks at the hash alone.
    static std::string hash_for(const Agent& agent, const Offer& offer);

 private:
    static std::string hash_of(const Offer& offer, std::uint64_t retries);
    static std::uint64_t retries_seen(const Agent& agent, const Offer& offer);
    std::shared_ptr<const Offer> find(const Agent& agent);
    std::shared_ptr<const Offer> make(const model::Assignment& together);

    const catalog::State& state_;
    std::map<std::string, std::shared_ptr<const Offer>> made_;  // by what they are made of; never out of date
};

}  // namespace center::fleet
