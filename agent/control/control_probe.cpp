#include "agent/control/control_probe.h"

#include "common/crypto/encoding.h"

namespace agent::control {

namespace {

constexpr std::chrono::minutes kTroubleInterval{5};

telemetry::Counter& heartbeats(telemetry::Registry& registry, const char* result) {
    return registry.counter("venus_agent_heartbeats_total", "Messages to the center, by what became of them.",
                            {{"result", result}});
}

}  // namespace

ControlProbe::ControlProbe(telemetry::Registry& registry, telemetry::Log& log)
    : log_(log),
      answered_(heartbeats(registry, "ok")),
      failed_(heartbeats(registry, "failed")),
      refused_(heartbeats(registry, "refused")),
      revision_(
          registry.gauge("venus_agent_config_revision", "Revision of the central config that runs; 0: none.", {})),
      trouble_limit_(kTroubleInterval) {}

void ControlProbe::heartbeat_answered(const std::string& endpoint) {
    answered_.add();
    if (!is_connected_) log_.info("center answers", {{"endpoint", endpoint}});
    is_connected_ = true;
}

void ControlProbe::heartbeat_failed(const std::string& endpoint, const std::string& why) {
    failed_.add();
    const bool allowed = trouble_limit_.allow(std::chrono::steady_clock::now());
    if (is_connected_ || allowed)
        log_.warn("center is out of reach: the present config runs on", {{"endpoint", endpoint}, {"error", why}});
    is_connected_ = false;
}

void ControlProbe::heartbeat_refused(const std::string& endpoint, const std::string& why) {
    refused_.add();
    const bool allowed = trouble_limit_.allow(std::chrono::steady_clock::now());
    if (is_connected_ || allowed)
        log_.warn("center refuses this agent: the present config runs on", {{"endpoint", endpoint}, {"error", why}});
    is_connected_ = false;
}

void ControlProbe::uid_replaced(const std::string& uid) {
    log_.info("center gave this agent another instance uid", {{"instance_uid", uid}});
}

void ControlProbe::credential_received() {
    log_.info("center gave this agent a credential of its own");
}

void ControlProbe::credential_refused() {
    log_.warn("center refuses this agent's own credential: it enrols again with center.token");
}

void ControlProbe::settings_refused(const std::string& why) {
    log_.warn("connection settings of the center are refused", {{"error", why}});
}

void ControlProbe::interval_changed(std::chrono::milliseconds interval) {
    log_.info("center set the heartbeat interval", {{"milliseconds", interval.count()}});
}

void ControlProbe::config_offered(const std::string& hash) {
    log_.info("central config is offered", {{"hash", crypto::to_hex(hash)}});
}

void ControlProbe::config_applying(const std::string& hash, std::uint64_t revision) {
    log_.info("central config is applied on probation", {{"hash", crypto::to_hex(hash)}, {"revision", revision}});
}

void ControlProbe::config_applied(const std::string& hash, std::uint64_t revision) {
    log_.info("central config is applied", {{"hash", crypto::to_hex(hash)}, {"revision", revision}});
}

void ControlProbe::config_failed(const std::string& hash, const std::string& why) {
    log_.error("central config is refused: the last known good one runs",
               {{"hash", crypto::to_hex(hash)}, {"error", why}});
}

void ControlProbe::kept_config_damaged(const std::string& why) {
    log_.error("kept central config cannot be used: going on without it", {{"error", why}});
}

void ControlProbe::file_not_kept(const std::string& why) {
    log_.error("file of the control link cannot be kept", {{"error", why}});
}

}  // namespace agent::control
