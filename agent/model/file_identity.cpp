#include "agent/model/file_identity.h"

#include <fmt/core.h>

namespace agent::model {

std::string FileIdentity::text() const {
    return fmt::format("{:x}-{:x}-{:x}", device, inode, generation);
}

}  // namespace agent::model
