#include "agent/pipeline/open_files.h"

#include <utility>

#include "agent/discover/glob.h"

namespace agent::pipeline {

base::SharedFd OpenFiles::share(const model::FileIdentity& file, base::SharedFd fd) {
    auto& known = files_[file];
    if (auto open = known.lock()) return open;
    known = fd;
    return fd;
}

base::SharedFd OpenFiles::held(const model::FileIdentity& file) const {
    const auto found = files_.find(file);
    return found == files_.end() ? nullptr : found->second.lock();
}

std::expected<base::SharedFd, NotOpen> OpenFiles::open(const model::FileIdentity& file, const std::string& path) {
    if (auto fd = held(file)) return fd;
    auto opened = file_system_->open(path);
    if (!opened) {
        const auto why =
            file_system_->state(path) || !file_system_->can_see(path) ? NotOpen::Why::failed : NotOpen::Why::elsewhere;
        return std::unexpected(NotOpen{.why = why, .message = opened.error().message});
    }
    if (opened->identity != file) return std::unexpected(NotOpen{.why = NotOpen::Why::elsewhere, .message = {}});
    if (!file_system_->has_room(*opened))
        return std::unexpected(NotOpen{.why = NotOpen::Why::no_room, .message = "too many files are open"});
    return share(file, std::move(opened->fd));
}

// The folder that it was in last may be gone: one above it is on the same file system, or has no such file.
base::SharedFd OpenFiles::open_by_handle(const model::FileIdentity& file, const std::string& handle,
                                         const std::string& path) {
    if (handle.empty()) return nullptr;
    auto folder = discover::parent_of(path);
    while (folder != "/" && !file_system_->folder(folder)) folder = discover::parent_of(folder);
    auto opened = file_system_->open_by_handle(handle, folder);
    if (!opened || opened->identity != file || !file_system_->has_room(*opened)) return nullptr;
    return share(file, std::move(opened->fd));
}

void OpenFiles::forget_closed() {
    std::erase_if(files_, [](const auto& file) { return file.second.expired(); });
}

}  // namespace agent::pipeline
