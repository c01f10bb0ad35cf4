#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace agent::app {

// Speaks sd_notify(3): one datagram per state to the socket that $NOTIFY_SOCKET names; silent without one. The protocol
// is stable and meant to be spoken without libsystemd.
class ServiceNotifier {
 public:
    ServiceNotifier();  // reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID

    void ready();
    void reloading();  // to be followed by ready()
    void stopping();
    void status(std::string_view text);
    void watchdog();

    // Half of what systemd waits for a watchdog(); none: it does not watch.
    std::optional<std::chrono::microseconds> watchdog_interval() const { return watchdog_interval_; }

 private:
    void send(const std::string& state);

    std::string socket_;
    std::optional<std::chrono::microseconds> watchdog_interval_;
};

}  // namespace agent::app
