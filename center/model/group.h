// Groups of agents, and which revisions they are meant to run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "center/model/selector.h"

namespace center::model {

// As an operator wrote it. Agents get to know of it by a rollout only.
struct Group {
    std::string name;
    Selector selector;
    std::vector<std::string> pipelines;  // sorted
};

// What a rollout hands out: who is meant, and which revisions they get.
struct Assignment {
    Selector selector;
    std::map<std::string, std::uint64_t> pipelines;  // name → revision
    std::map<std::string, std::uint64_t> clusters;   // those that the pipelines deliver to

    friend bool operator==(const Assignment&, const Assignment&) = default;
};

// Which assignment holds in a group: the base, and above it the rollouts that have not reached everybody. An agent gets
// the topmost one that has reached it.
struct Placement {
    std::optional<Assignment> base;     // none: nothing was ever rolled out
    std::vector<std::uint64_t> layers;  // rollouts, the newest last

    friend bool operator==(const Placement&, const Placement&) = default;
};

}  // namespace center::model
