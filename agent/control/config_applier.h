// From the host's own file and what a center offers to what runs.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/control/central_store.h"
#include "agent/control/control_probe.h"
#include "agent/pipeline/pipeline_set.h"
#include "common/base/event_loop.h"
#include "common/config/central.h"
#include "common/config/config.h"
#include "common/crypto/signing.h"
#include "common/opamp/messages.h"

namespace agent::control {

// Keeps the effective config: the host's own file, and beside it the central one. The file is applied at start and on
// reload; a broken one changes nothing. A central config goes its way:
//
//   offered → signed, new enough → parsed, within what the host allows → all that it needs could be made → applying →
//   only changed pipelines swapped → probation → applied, and kept as the last known good one
//
// Anything wrong on that way: back to the last known good config, failed with the reason, which stays until another
// hash is offered. Another hash on the way takes the place of the one before it.
//
// Thread: the control thread. Reads and writes small local files there.
// Crash: central_store.h. A config that was on probation is tried again by the next starts, kStartsMax times.
class ConfigApplier {
 public:
    static constexpr unsigned kStartsMax = 3;

    ConfigApplier(std::filesystem::path file, config::Config initial, pipeline::PipelineSet& pipelines,
                  base::EventLoop& control, telemetry::Log& log, ControlProbe& probe);

    void apply_initial(base::Task applied);
    void reload(base::Task applied);
    void offer(const opamp::RemoteConfig& offered);
    void stop();  // the agent ends as it should: that is no death on probation

    const config::Config& effective() const { return effective_; }
    const std::filesystem::path& file() const { return file_; }
    // Why the last reload was refused, or what was kept of a central config runs in part; "": neither is so.
    const std::string& refused() const { return !refused_.empty() || !running() ? refused_ : running()->why_in_part; }

    const opamp::RemoteConfigStatus& status() const { return status_; }
    void on_status(std::function<void()> changed) { status_changed_ = std::move(changed); }
    opamp::ConfigFiles effective_files() const;  // to be shown: secrets are references there
    std::uint64_t revision() const;              // of the central config that runs; 0: none
    std::string effective_hash() const;          // of it; "": none
    std::optional<std::chrono::sys_seconds> applied_at() const;

 private:
    struct Running {  // a central config and what it says under the present file
        KeptConfig kept;
        config::CentralConfig central;
        std::set<std::string> left_out = {};  // its files that are not good any more on this host
        std::string why_in_part = {};
    };

    base::Result<config::CentralConfig> read(const opamp::RemoteConfig& offered) const;
    Running read_kept(KeptConfig kept);
    config::CentralScope scope() const;
    base::Result<std::uint64_t> check_terms(const opamp::RemoteConfig& offered) const;
    config::Config merged(const Running* central) const;
    const Running* running() const { return trial_ ? &*trial_ : good_ ? &*good_ : nullptr; }
    void load_kept();
    void return_to_good(Running wanted);
    void begin_trial(Running wanted, const pipeline::ShardStatus& before);
    void watch_trial();
    void judge_trial(const pipeline::ShardStatus& now);
    void pass_trial();
    void refuse(std::string hash, const std::string& why);  // by value: it may be that of the trial, which ends
    void set_status(opamp::ConfigStatus status, const std::string& hash, const std::string& error = {});
    void apply(base::Task applied);
    void keep_what_needs_a_restart(config::Config& loaded);

    std::filesystem::path file_;
    config::Config local_;
    std::string local_excerpt_;
    config::Config effective_;
    pipeline::PipelineSet& pipelines_;
    telemetry::Log& log_;
    ControlProbe& probe_;
    std::string refused_;
    CentralStore store_;
    opamp::RemoteConfigStatus status_;
    std::function<void()> status_changed_;
    std::optional<Running> good_;
    std::optional<Running> trial_;
    unsigned trial_starts_ = 0;
    std::set<std::string> healthy_before_;  // pipelines that the trial changed
    std::string considering_;               // the hash of an offer that is not on trial yet
    std::uint64_t offers_ = 0;              // tells an offer from those that came later
    base::Timer probation_;
};

}  // namespace agent::control
