#include "agent/discover/open_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <xxhash.h>

namespace agent::discover {

namespace {

constexpr int kHandleTypeMax = 0xff;  // file systems have small numbers

#ifndef AT_HANDLE_FID
constexpr int AT_HANDLE_FID  // NOLINT(readability-identifier-naming): as the kernel declares it
    = 0x200;                 // Linux 6.5: a handle that identifies, though it cannot be opened (overlayfs)
#endif

// With room for any handle.
struct HandleSpace {
    alignas(file_handle) std::array<unsigned char, sizeof(file_handle) + MAX_HANDLE_SZ> bytes{};

    file_handle* handle() { return reinterpret_cast<file_handle*>(bytes.data()); }
};

// The file handle holds the inode's generation (see open_by_handle_at(2), "Obtaining a persistent filesystem ID").
std::optional<std::uint64_t> handle_hash(int directory_fd, const char* path, int flags) {
    HandleSpace space;
    auto* handle = space.handle();
    int mount_id = 0;
    for (const int kind : {0, AT_HANDLE_FID}) {
        handle->handle_bytes = MAX_HANDLE_SZ;
        if (::name_to_handle_at(directory_fd, path, handle, &mount_id, flags | kind) == 0)
            return XXH3_64bits_withSeed(handle->f_handle, handle->handle_bytes,
                                        static_cast<XXH64_hash_t>(handle->handle_type));
    }
    return std::nullopt;
}

base::Result<model::FileIdentity> identify_at(int directory_fd, const char* path, int at_flags, int handle_flags) {
    struct statx about{};
    if (::statx(directory_fd, path, at_flags, STATX_TYPE | STATX_INO | STATX_BTIME, &about) != 0)
        return base::fail("{}", base::errno_text(errno));
    if (!S_ISREG(about.stx_mode)) return base::fail("not a regular file");

    model::FileIdentity identity{.device = makedev(about.stx_dev_major, about.stx_dev_minor), .inode = about.stx_ino};
    if (const auto hash = handle_hash(directory_fd, path, handle_flags)) {
        identity.generation_kind = model::GenerationKind::handle;
        identity.generation = *hash;
    } else if ((about.stx_mask & STATX_BTIME) != 0) {
        identity.generation_kind = model::GenerationKind::birth_time;
        identity.generation =
            (static_cast<std::uint64_t>(about.stx_btime.tv_sec) * 1'000'000'000) + about.stx_btime.tv_nsec;
    }
    return identity;
}

}  // namespace

base::Result<OpenFile> open_file(const std::string& path) {
    // O_NONBLOCK: a FIFO that matches a pattern must not stop us.
    base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return base::fail("cannot open {}: {}", path, base::errno_text(errno));
    auto identity = identify_at(fd.get(), "", AT_EMPTY_PATH, AT_EMPTY_PATH);
    if (!identity) return base::fail("cannot follow {}: {}", path, identity.error().message);
    return OpenFile{std::make_shared<const base::UniqueFd>(std::move(fd)), *identity};
}

base::Result<model::FileIdentity> identify(const std::string& path) {
    auto identity = identify_at(AT_FDCWD, path.c_str(), 0, AT_SYMLINK_FOLLOW);
    if (!identity) return base::fail("cannot look at {}: {}", path, identity.error().message);
    return identity;
}

std::string handle_of(const base::UniqueFd& fd) {
    HandleSpace space;
    auto* handle = space.handle();
    handle->handle_bytes = MAX_HANDLE_SZ;
    int mount_id = 0;
    if (::name_to_handle_at(fd.get(), "", handle, &mount_id, AT_EMPTY_PATH) != 0) return {};
    if (handle->handle_type > kHandleTypeMax) return {};
    std::string text(1, static_cast<char>(handle->handle_type));
    return text.append(reinterpret_cast<const char*>(handle->f_handle), handle->handle_bytes);
}

base::Result<OpenFile> open_by_handle(const std::string& text, const std::string& folder) {
    if (text.empty() || text.size() > MAX_HANDLE_SZ + 1) return base::fail("cannot open a file without a handle");
    HandleSpace space;
    auto* handle = space.handle();
    handle->handle_type = static_cast<unsigned char>(text.front());
    handle->handle_bytes = static_cast<unsigned>(text.size() - 1);
    std::memcpy(handle->f_handle, text.data() + 1, text.size() - 1);
    const base::UniqueFd mount(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!mount) return base::fail("cannot open {}: {}", folder, base::errno_text(errno));
    base::UniqueFd fd(::open_by_handle_at(mount.get(), handle, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return base::fail("cannot open a file of {} by its handle: {}", folder, base::errno_text(errno));
    auto identity = identify_at(fd.get(), "", AT_EMPTY_PATH, AT_EMPTY_PATH);
    if (!identity) return std::unexpected(identity.error());
    return OpenFile{std::make_shared<const base::UniqueFd>(std::move(fd)), *identity};
}

std::optional<FileState> state_of(const std::string& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return std::nullopt;
    return FileState{.device = about.st_dev,
                     .inode = about.st_ino,
                     .size_bytes = static_cast<std::uint64_t>(about.st_size),
                     .changed_ns = (static_cast<std::uint64_t>(about.st_ctim.tv_sec) * 1'000'000'000) +
                                   static_cast<std::uint64_t>(about.st_ctim.tv_nsec)};
}

// The lowest free descriptor is the one that a file gets: its number tells how many are in use.
bool has_room(const base::UniqueFd& fd) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
    const rlim_t kept = std::min(kDescriptorsKeptMax, limit.rlim_cur / 4);
    return static_cast<rlim_t>(fd.get()) < limit.rlim_cur - kept;
}

}  // namespace agent::discover
