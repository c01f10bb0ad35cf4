#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/model/extent.h"
#include "common/base/result.h"

namespace agent::deliver {

// The records' bytes, each with a "\n" behind it.
std::string join_lines(const std::vector<model::Record>& records);

// Writes everything, waiting where the descriptor is not ready. Errors: errno's.
base::Result<void> write_all(int fd, std::string_view bytes);

}  // namespace agent::deliver
