#include "agent/app/service_notifier.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace agent::app {

namespace {

std::optional<std::int64_t> number_in_environment(const char* name) {
    const char* text = std::getenv(name);
    if (!text) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
    return error == std::errc() && *end == '\0' ? std::optional(value) : std::nullopt;
}

}  // namespace

ServiceNotifier::ServiceNotifier() {
    if (const char* socket = std::getenv("NOTIFY_SOCKET")) socket_ = socket;
    const auto watchdog = number_in_environment("WATCHDOG_USEC");
    const auto for_process = number_in_environment("WATCHDOG_PID");
    if (watchdog && *watchdog > 0 && (!for_process || *for_process == ::getpid()))
        watchdog_interval_ = std::chrono::microseconds(*watchdog / 2);
}

void ServiceNotifier::ready() {
    send("READY=1");
}

void ServiceNotifier::reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto usec = (static_cast<std::int64_t>(now.tv_sec) * 1'000'000) + (now.tv_nsec / 1000);
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", usec));  // Type=notify-reload compares the time
}

void ServiceNotifier::stopping() {
    send("STOPPING=1");
}

void ServiceNotifier::status(std::string_view text) {
    send(fmt::format("STATUS={}", text));
}

void ServiceNotifier::watchdog() {
    send("WATCHDOG=1");
}

void ServiceNotifier::send(const std::string& state) {
    sockaddr_un address{};
    if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
    address.sun_family = AF_UNIX;
    std::ranges::copy(socket_, address.sun_path);
    if (socket_[0] == '@') address.sun_path[0] = '\0';  // an abstract socket
    const base::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    if (fd)
        (void)::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                       size);
}

}  // namespace agent::app
