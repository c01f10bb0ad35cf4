// `venus-agent tap`: the records that pass, live.
#pragma once

#include <cstdint>
#include <string>

#include "agent/app/commands.h"

namespace agent::app {

struct TapOptions {
    DaemonAddress daemon;
    std::string pipeline;
    std::uint64_t limit = 0;  // records; 0: until it is interrupted
};

// Prints a sample of the records, one JSON line each. 0; 1: the agent does not run (any more), or has no such pipeline.
int tap_pipeline(const TapOptions& options);

}  // namespace agent::app
