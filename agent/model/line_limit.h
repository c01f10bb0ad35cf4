#pragma once

#include <cstdint>

#include "common/config/config.h"

namespace agent::model {

// How long a line may be, in bytes without its line ending, and what happens to a longer one.
struct LineLimit {
    std::uint64_t bytes_max = 1ULL << 20;
    config::LongLine policy = config::LongLine::split;
};

}  // namespace agent::model
