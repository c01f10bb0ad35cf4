#include "agent/discover/file_system.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <dirent.h>
#include <sys/stat.h>

namespace agent::discover {

std::optional<FileSystem::FolderId> FileSystem::folder(const std::string& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) return std::nullopt;
    return FolderId(about.st_dev, about.st_ino);
}

base::Result<std::vector<ListedName>> FileSystem::list(const std::string& folder) {
    std::vector<ListedName> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
    if (!open) return base::fail("cannot list {}: {}", folder, base::errno_text(errno));
    while (true) {
        errno = 0;  // readdir(3) tells an error from the end by it alone
        const dirent* entry = ::readdir(open.get());
        if (!entry && errno != 0) return base::fail("cannot list {}: {}", folder, base::errno_text(errno));
        if (!entry) break;
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..")
            names.push_back({.name = std::string(name), .inode = entry->d_ino, .is_link = entry->d_type == DT_LNK});
    }
    return names;
}

std::optional<ListedName> FileSystem::look(const std::string& path) {
    struct stat about{};
    if (::lstat(path.c_str(), &about) != 0) return std::nullopt;
    return ListedName{.name = {}, .inode = about.st_ino, .is_link = S_ISLNK(about.st_mode)};
}

std::optional<std::string> FileSystem::resolve(const std::string& path) {
    std::error_code broken;
    auto target = std::filesystem::canonical(path, broken).string();
    if (broken) return std::nullopt;
    return target;
}

base::Result<void> FileSystem::can_see(const std::string& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) == 0) return {};
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG) return {};
    return base::fail("cannot look at {}: {}", path, base::errno_text(errno));
}

bool FileSystem::is_special(const std::string& path) {
    struct stat about{};
    return ::stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode);
}

base::Result<OpenFile> FileSystem::open(const std::string& path) {
    return open_file(path);
}

// What was opened tells where it is; a path could lead elsewhere by now.
std::string FileSystem::path_of(const OpenFile& file) {
    std::error_code gone;
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file.fd->get()), gone).string();
}

bool FileSystem::has_room(const OpenFile& file) {
    return discover::has_room(*file.fd);
}

std::string FileSystem::handle(const base::UniqueFd& fd) {
    return handle_of(fd);
}

base::Result<OpenFile> FileSystem::open_by_handle(const std::string& handle, const std::string& folder) {
    return discover::open_by_handle(handle, folder);
}

std::optional<FileState> FileSystem::state(const std::string& path) {
    return state_of(path);
}

base::Result<std::unique_ptr<DirectoryWatcher>> FileSystem::watch(base::EventLoop& loop,
                                                                  DirectoryWatcher::Observer observe,
                                                                  std::function<void()> settled) {
    return DirectoryWatcher::create(loop, std::move(observe), std::move(settled));
}

}  // namespace agent::discover
