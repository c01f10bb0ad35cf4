// Opening a log file and learning which one it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/resource.h>

#include "agent/model/file_identity.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace agent::discover {

// A regular file that is open for reading. Several tails may share it: reads carry their offset.
struct OpenFile {
    base::SharedFd fd;
    model::FileIdentity identity;
};

// What can be told of a file without opening it. As long as it stays the same, nobody wrote to the file.
struct FileState {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t changed_ns = 0;  // Unix time of the last change to the inode: no program can set it back

    // Of the inode alone: generations are not told without opening.
    bool may_be_of(const model::FileIdentity& file) const { return inode == file.inode && device == file.device; }

    friend bool operator==(const FileState&, const FileState&) = default;
};

// Log files take no more: connections, the store and whoever asks for the status need some, too.
constexpr rlim_t kDescriptorsKeptMax = 64;  // of a small limit a quarter

// Follows symbolic links. Errors: errno's; not a regular file.
base::Result<OpenFile> open_file(const std::string& path);

// What is behind `path` without opening it. Errors: errno's; not a regular file.
base::Result<model::FileIdentity> identify(const std::string& path);

// What the kernel finds the file by, whatever its names are; see open_by_handle_at(2). Empty: the file system has none.
std::string handle_of(const base::UniqueFd& fd);

// `folder` is any that is on the file's file system. Errors: errno's, of which EPERM means that the agent lacks
// CAP_DAC_READ_SEARCH, and ESTALE that nobody holds the file any more.
base::Result<OpenFile> open_by_handle(const std::string& handle, const std::string& folder);

// Follows symbolic links. none: nothing is there, or it cannot be looked at.
std::optional<FileState> state_of(const std::string& path);

// Whether a log file may keep this descriptor; else it is one of those that are kept for other things.
bool has_room(const base::UniqueFd& fd);

}  // namespace agent::discover
