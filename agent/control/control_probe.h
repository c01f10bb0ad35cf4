// What the control link tells: counters and log lines together.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace agent::control {

// Thread: the control thread; the metrics may be read by any.
class ControlProbe {
 public:
    ControlProbe(telemetry::Registry& registry, telemetry::Log& log);

    void heartbeat_answered(const std::string& endpoint);
    void heartbeat_failed(const std::string& endpoint, const std::string& why);
    void heartbeat_refused(const std::string& endpoint,
                           const std::string& why);  // the server answered, and did not take it
    void uid_replaced(const std::string& uid);
    void credential_received();
    void credential_refused();
    void settings_refused(const std::string& why);
    void interval_changed(std::chrono::milliseconds interval);

    void config_offered(const std::string& hash);
    void config_applying(const std::string& hash, std::uint64_t revision);
    void config_applied(const std::string& hash, std::uint64_t revision);
    void config_failed(const std::string& hash, const std::string& why);
    void kept_config_damaged(const std::string& why);
    void file_not_kept(const std::string& why);
    void config_runs(std::uint64_t revision) { revision_.set(static_cast<std::int64_t>(revision)); }

 private:
    telemetry::Log& log_;
    telemetry::Counter& answered_;
    telemetry::Counter& failed_;
    telemetry::Counter& refused_;
    telemetry::Gauge& revision_;
    bool is_connected_ = false;
    telemetry::RateLimit trouble_limit_;
};

}  // namespace agent::control
