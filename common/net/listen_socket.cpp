#include "common/net/listen_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace net {

namespace {

constexpr std::string_view kUnix = "unix:";
constexpr mode_t kSocketMode = 0660;

std::unexpected<base::Error> cannot(std::string_view verb, const std::string& address, int code) {
    return base::fail("cannot {} {}: {}", verb, address, base::errno_text(code));
}

base::UniqueFd open_socket(int family) {
    return base::UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

const sockaddr* generic(const void* address) {
    return static_cast<const sockaddr*>(address);
}

std::optional<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) return std::nullopt;
    std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
    return address;
}

// Makes way for a new socket: what a process left behind that died is removed, what somebody serves is not.
base::Result<void> remove_stale(const std::string& path, const sockaddr_un& name, const std::string& address) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return {};
        return cannot("listen on", address, errno);
    }
    if (!S_ISSOCK(status.st_mode))
        return base::fail("cannot listen on {}: there is something that is no socket", address);
    const auto probe = open_socket(AF_UNIX);
    if (!probe) return cannot("open a socket for", address, errno);
    const bool is_served = ::connect(probe.get(), generic(&name), sizeof(name)) == 0 || errno == EAGAIN;
    if (is_served) return base::fail("cannot listen on {}: another process does", address);
    if (errno != ECONNREFUSED) return cannot("listen on", address, errno);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return cannot("remove the stale socket", address, errno);
    return {};
}

base::Result<ListenSocket> listen_unix(const std::string& address) {
    const auto path = address.substr(kUnix.size());
    const auto name = unix_address(path);
    if (!name) return base::fail("cannot listen on {}: a path of 1 to 107 bytes is needed", address);
    if (auto removed = remove_stale(path, *name, address); !removed) return std::unexpected(removed.error());
    ListenSocket result{.fd = open_socket(AF_UNIX), .family = AF_UNIX, .address = address};
    if (!result.fd) return cannot("open a socket for", address, errno);
    // Before bind: the name never exists with more rights than it is meant to have. After it: the umask took some.
    if (::fchmod(result.fd.get(), kSocketMode) != 0) return cannot("set the mode of", address, errno);
    if (::bind(result.fd.get(), generic(&*name), sizeof(*name)) != 0) return cannot("bind", address, errno);
    struct stat status{};
    if (::chmod(path.c_str(), kSocketMode) != 0 || ::lstat(path.c_str(), &status) != 0) {
        return cannot("set the mode of", address, errno);
    }
    result.device = status.st_dev;
    result.inode = status.st_ino;
    if (::listen(result.fd.get(), SOMAXCONN) != 0) return cannot("listen on", address, errno);
    return result;
}

std::string show(const sockaddr_storage& address, socklen_t length) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    if (::getnameinfo(generic(&address), length, host.data(), host.size(), port.data(), port.size(),
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return "?";
    }
    if (address.ss_family == AF_INET6) return fmt::format("[{}]:{}", host.data(), port.data());
    return fmt::format("{}:{}", host.data(), port.data());
}

base::Result<ListenSocket> listen_at(const addrinfo& where, const std::string& address) {
    ListenSocket result{.fd = open_socket(where.ai_family), .family = where.ai_family};
    if (!result.fd) return cannot("open a socket for", address, errno);
    const int on = 1;
    const int off = 0;
    if (::setsockopt(result.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        return cannot("set up", address, errno);
    }
    // ":9598" means all addresses, IPv4 too.
    if (where.ai_family == AF_INET6 && address.starts_with(':')) {
        (void)::setsockopt(result.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (::bind(result.fd.get(), where.ai_addr, where.ai_addrlen) != 0) return cannot("bind", address, errno);
    if (::listen(result.fd.get(), SOMAXCONN) != 0) return cannot("listen on", address, errno);
    sockaddr_storage bound{};
    socklen_t length = sizeof(bound);
    if (::getsockname(result.fd.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
        return cannot("listen on", address, errno);
    }
    result.address = show(bound, length);
    return result;
}

base::Result<ListenSocket> listen_tcp(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos) return base::fail("cannot listen on {}: no port (write host:port)", address);
    auto host = address.substr(0, colon);
    const auto port = address.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    if (host.empty()) hints.ai_family = AF_INET6;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
    if (code != 0) return base::fail("cannot resolve {}: {}", address, ::gai_strerror(code));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    auto result = listen_at(*found, address);
    if (!result && host.empty()) return listen_tcp("0.0.0.0:" + port);  // a host without IPv6
    return result;
}

}  // namespace

void ListenSocket::remove_name() const {
    if (family != AF_UNIX) return;
    const auto path = address.substr(kUnix.size());
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0 || status.st_dev != device || status.st_ino != inode) return;
    (void)::unlink(path.c_str());
}

base::Result<ListenSocket> listen_on(const std::string& address) {
    return address.starts_with(kUnix) ? listen_unix(address) : listen_tcp(address);
}

}  // namespace net
