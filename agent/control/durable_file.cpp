#include "agent/control/durable_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/unique_fd.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace agent::control {

namespace {

constexpr mode_t kOwnerOnly = 0600;

std::unexpected<base::Error> cannot(std::string_view verb, const std::string& path) {
    const int code = errno;
    return base::fail("cannot {} {}: {}", verb, path, base::errno_text(code));
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

base::Result<void> sync_folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
    const base::UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return cannot("sync", folder);
    return {};
}

std::string seal(std::string_view kind, std::string_view bytes) {
    return fmt::format("venus-agent {} {}\n", kind, crypto::to_hex(crypto::sha256(bytes)));
}

}  // namespace

base::Result<void> write_durably(const std::string& path, std::string_view bytes) {
    const auto beside = path + ".new";
    {
        const base::UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly));
        if (!fd) return cannot("create", beside);
        if (!write_all(fd.get(), bytes) || ::fsync(fd.get()) != 0) {
            const auto failed = cannot("write", beside);
            (void)::unlink(beside.c_str());
            return failed;
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return cannot("rename", beside);
    return sync_folder_of(path);
}

base::Result<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max) {
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return std::nullopt;
    if (!fd) return cannot("open", path);
    struct stat about{};
    if (::fstat(fd.get(), &about) != 0) return cannot("look at", path);
    std::string bytes(std::min(static_cast<std::size_t>(about.st_size), bytes_max) + 1, '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const auto got = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot("read", path);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size == bytes.size()) return base::fail("cannot read {}: it has more than {} bytes", path, size - 1);
    bytes.resize(size);
    return bytes;
}

base::Result<void> write_sealed(const std::string& path, std::string_view kind, std::string_view bytes) {
    return write_durably(path, seal(kind, bytes) + std::string(bytes));
}

base::Result<std::optional<std::string>> read_sealed(const std::string& path, std::string_view kind,
                                                     std::size_t bytes_max) {
    constexpr std::size_t kSealBytesMax = 256;
    auto read = read_file(path, bytes_max + kSealBytesMax);
    if (!read || !*read) return read;
    const std::string& all = **read;
    const auto line = all.find('\n');
    auto bytes = line == std::string::npos ? std::string() : all.substr(line + 1);
    if (line == std::string::npos || all.substr(0, line + 1) != seal(kind, bytes))
        return base::fail("cannot use {}: it is damaged", path);
    return bytes;
}

base::Result<void> remove_durably(const std::string& path) {
    if (::unlink(path.c_str()) == 0) return sync_folder_of(path);
    if (errno == ENOENT) return {};
    return cannot("remove", path);
}

}  // namespace agent::control
