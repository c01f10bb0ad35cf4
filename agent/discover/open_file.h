// Opening a log file and learning which one it is.
#pragma once

#include <string>

#include "agent/model/file_identity.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace agent::discover {

// A regular file that is open for reading. Several tails may share it: reads carry their offset.
struct OpenFile {
    base::UniqueFd fd;
    model::FileIdentity identity;
};

// Follows symbolic links. Errors: errno's; not a regular file.
base::Result<OpenFile> open_file(const std::string& path);

// What is behind `path` without opening it. Errors: errno's; not a regular file.
base::Result<model::FileIdentity> identify(const std::string& path);

}  // namespace agent::discover
