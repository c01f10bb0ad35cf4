#pragma once

#include <filesystem>
#include <string_view>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace base {

// Makes the folder if need be and holds it for one process as long as the descriptor is open: `lock` in it is locked.
// Errors: it cannot be written, or another `program` holds it.
Result<UniqueFd> lock_folder(const std::filesystem::path& folder, std::string_view program);

}  // namespace base
