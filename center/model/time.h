#pragma once

#include <cstdint>

namespace center::model {

// Unix time in milliseconds: what is written down, and compared with what was written before a restart.
using TimeMs = std::int64_t;

}  // namespace center::model
