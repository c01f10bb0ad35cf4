// The numbers that our agents send beside what OpAMP has fields for.
#pragma once

#include <string_view>

#include "center/fleet/agent.h"

namespace center::fleet {

// {"lag_bytes": 12, …}; what is missing or odd stays as it was.
Stats stats_of(std::string_view json, Stats otherwise);

}  // namespace center::fleet
