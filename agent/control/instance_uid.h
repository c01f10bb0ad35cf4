// The agent's name towards its center, as it is kept.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace agent::control {

// Of this data folder: `instance-uid` there has its text; made when there is none, or when it cannot be read. Errors:
// it cannot be written.
base::Result<std::string> load_instance_uid(const std::string& data_dir);
base::Result<void> store_instance_uid(const std::string& data_dir, std::string_view uid);

}  // namespace agent::control
