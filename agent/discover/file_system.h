// The way to log files and their folders: discovery's, and that of the shard, which opens files again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/discover/directory_watcher.h"
#include "agent/discover/open_file.h"
#include "common/base/event_loop.h"
#include "common/base/result.h"

namespace agent::discover {

// What a name in a folder leads to, not followed where it is a symbolic link.
struct ListedName {
    std::string name;
    std::uint64_t inode = 0;
    bool is_link = false;
};

// Names, folders and changes as the host has them; a simulation has its own. The functions follow symbolic links but
// for list() and look().
//
// Thread: the control thread.
class FileSystem {
 public:
    using FolderId = std::pair<std::uint64_t, std::uint64_t>;  // device and inode

    virtual ~FileSystem() = default;

    virtual std::optional<FolderId> folder(const std::string& path);  // none: there is none
    virtual base::Result<std::vector<ListedName>> list(const std::string& folder);
    virtual std::optional<ListedName> look(const std::string& path);      // none: there is nothing
    virtual std::optional<std::string> resolve(const std::string& path);  // without links; none: it leads nowhere
    // Whether what is at the path, or that there is nothing, can be told now. Errors: no permission, too few
    // descriptors, a fault of the disk: nothing is gone because of that.
    virtual base::Result<void> can_see(const std::string& path);
    // A folder, a FIFO, a socket, a device: no file of lines, and to open a FIFO would take its bytes from its reader.
    virtual bool is_special(const std::string& path);
    virtual base::Result<OpenFile> open(const std::string& path);
    virtual std::string path_of(const OpenFile& file);                // as the kernel knows it, without links
    virtual bool has_room(const OpenFile& file);                      // for it to stay open
    virtual std::optional<FileState> state(const std::string& path);  // none: it leads nowhere
    virtual std::string handle(const base::UniqueFd& fd);             // empty: there is none
    virtual base::Result<OpenFile> open_by_handle(const std::string& handle, const std::string& folder);
    virtual base::Result<std::unique_ptr<DirectoryWatcher>> watch(base::EventLoop& loop,
                                                                  DirectoryWatcher::Observer observe,
                                                                  std::function<void()> settled);
};

}  // namespace agent::discover
