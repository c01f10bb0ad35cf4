// `venus-agent top`: the running agent, live.
#pragma once

#include <string>

#include "agent/app/commands.h"

namespace agent::app {

struct TopOptions {
    DaemonAddress daemon;
    std::string interval = "1s";
    bool once = false;
};

// Shows the agent until the user ends it (0). 1: the agent did not run when it was asked first; 2: no interval, or no
// terminal. Once: two looks, `interval` apart, as text; as `status` exits.
int show_top(const TopOptions& options);

}  // namespace agent::app
