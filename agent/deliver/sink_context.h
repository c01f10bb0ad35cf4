#pragma once

#include <string>

#include "common/config/config.h"

namespace agent::deliver {

// What a pipeline's sink needs to know besides its own config.
struct SinkContext {
    config::Labels labels;
    std::string host;
    std::string pipeline;
    std::string session;  // this run of the agent, as the `session` header tells it
};

}  // namespace agent::deliver
