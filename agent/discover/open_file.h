// Opening a log file and learning which one it is.
#pragma once

#include <string>

#include <sys/resource.h>

#include "agent/model/file_identity.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace agent::discover {

// A regular file that is open for reading. Several tails may share it: reads carry their offset.
struct OpenFile {
    base::UniqueFd fd;
    model::FileIdentity identity;
};

// Log files take no more: connections, the store and whoever asks for the status need some, too.
constexpr rlim_t kDescriptorsKeptMax = 64;  // of a small limit a quarter

// Follows symbolic links. Errors: errno's; not a regular file.
base::Result<OpenFile> open_file(const std::string& path);

// What is behind `path` without opening it. Errors: errno's; not a regular file.
base::Result<model::FileIdentity> identify(const std::string& path);

// Errors: this descriptor is one of those that are kept for other things.
base::Result<void> check_room(const base::UniqueFd& fd);

}  // namespace agent::discover
