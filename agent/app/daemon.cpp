#include "agent/app/daemon.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <fmt/core.h>
#include <malloc.h>
#include <sys/resource.h>

#include "agent/admin/admin_server.h"
#include "agent/app/exit_codes.h"
#include "agent/app/service_notifier.h"
#include "agent/app/signals.h"
#include "agent/app/version.h"
#include "agent/checkpoint/checkpoint_thread.h"
#include "agent/control/center_client.h"
#include "agent/control/config_applier.h"
#include "agent/control/control_probe.h"
#include "agent/pipeline/pipeline_set.h"
#include "common/config/load.h"
#include "common/kafka/client_config.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace agent::app {

namespace {

constexpr std::chrono::seconds kStuckPatience{5};  // beyond shutdown_timeout
constexpr int kMallocArenasMax = 2;               // each thread's own arena would keep what librdkafka frees on another
constexpr std::chrono::seconds kStartIsOver{12};  // idle files are closed by then (Shard's kIdleTime)

// The run of the agent, from a good config to its end. Declared in the order in which the parts stand on one another;
// destroyed the other way round, which is the shutdown.
class Daemon {
 public:
    Daemon(std::filesystem::path config_file, config::Config config)
        : config_file_(std::move(config_file)),
          config_(std::move(config)),
          log_(config_.log),
          signals_(control_, [this](int signal) { take_signal(signal); }) {}

    int run();

 private:
    base::Result<void> start();
    base::Result<void> link_to_center();
    void take_signal(int signal);
    void tell_ready();
    void reload();
    void shut_down();
    admin::AgentAbout about() const;

    std::filesystem::path config_file_;
    config::Config config_;
    std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
    std::chrono::system_clock::time_point start_time_ = std::chrono::system_clock::now();
    std::string session_ =
        fmt::format("{:016x}", (static_cast<std::uint64_t>(std::random_device{}()) << 32U) | std::random_device{}());
    telemetry::Log log_;
    telemetry::Registry registry_;
    base::EventLoop control_;
    Signals signals_;
    ServiceNotifier notifier_;
    base::Timer watchdog_{control_};
    base::Timer backstop_{control_};
    base::Timer trim_{control_};
    std::string store_set_aside_;
    std::unique_ptr<checkpoint::CheckpointThread> checkpoints_;
    std::unique_ptr<pipeline::PipelineSet> pipelines_;
    std::unique_ptr<control::ControlProbe> control_probe_;
    std::unique_ptr<control::ConfigApplier> applier_;
    std::unique_ptr<control::CenterClient> center_;  // none: the host's own file is all there is
    std::unique_ptr<admin::AdminServer> admin_;
    bool stopping_ = false;
};

// Files that are written to hold a descriptor each: as many as the host lets us have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

base::Result<void> Daemon::start() {
    auto store = checkpoint::open_checkpoint_store(config_.agent.data_dir);
    if (!store) return std::unexpected(store.error());
    if (!store->set_aside.empty()) {
        store_set_aside_ = store->set_aside;
        log_.error("checkpoint store was damaged: it is set aside and all files are read again",
                   {{"error", store->damage}, {"set_aside", store->set_aside}});
    }
    checkpoints_ = std::make_unique<checkpoint::CheckpointThread>(std::move(store->store), log_);
    auto pipelines =
        pipeline::PipelineSet::create(control_, *checkpoints_, registry_, log_, session_, config_.agent.memory_limit);
    if (!pipelines) return std::unexpected(pipelines.error());
    pipelines_ = std::move(*pipelines);
    control_probe_ = std::make_unique<control::ControlProbe>(registry_, log_);
    applier_ =
        std::make_unique<control::ConfigApplier>(config_file_, config_, *pipelines_, control_, log_, *control_probe_);
    if (auto linked = link_to_center(); !linked) return linked;
    auto admin = admin::AdminServer::listen(control_, config_.agent,
                                            {.pipelines = *pipelines_,
                                             .checkpoints = *checkpoints_,
                                             .registry = registry_,
                                             .about = [this] { return about(); },
                                             .config_refused = [this] { return applier_->refused(); }});
    if (!admin) return std::unexpected(admin.error());
    admin_ = std::move(*admin);
    applier_->apply_initial([this] {
        if (center_) center_->start();
        log_.info("agent is ready", {{"pipelines", applier_->effective().pipelines.size()}, {"version", kVersion}});
        tell_ready();
    });
    if (const auto interval = notifier_.watchdog_interval())
        watchdog_.every(*interval, [this] { notifier_.watchdog(); });
    return {};
}

base::Result<void> Daemon::link_to_center() {
    if (!config_.center) return {};
    auto center = control::CenterClient::create(
        control_, *config_.center,
        {.instance_id = {}, .version = kVersion, .host_name = config::host_name(), .started_at = start_time_},
        *applier_, *pipelines_, *control_probe_);
    if (!center) return std::unexpected(center.error());
    center_ = std::move(*center);
    return {};
}

int Daemon::run() {
    log_.info("agent starts", {{"name", config_.agent.name}, {"config", config_file_.string()}, {"session", session_}});
    if (auto started = start(); !started) {
        log_.error("agent cannot run", {{"error", started.error().message}});
        return kExitFailure;
    }
    control_.run();
    log_.info("agent has stopped");
    return kExitOk;
}

void Daemon::take_signal(int signal) {
    if (signal == SIGHUP) return reload();
    shut_down();
}

void Daemon::tell_ready() {
    notifier_.ready();
    notifier_.status(fmt::format("{} pipelines", applier_->effective().pipelines.size()));
    // Of 10,000 files and their checkpoints a start leaves 11 MiB of holes behind.
    trim_.after(kStartIsOver, [] { ::malloc_trim(0); });
}

void Daemon::reload() {
    if (stopping_ || !applier_) return;
    notifier_.reloading();
    applier_->reload([this] { tell_ready(); });
}

void Daemon::shut_down() {
    if (std::exchange(stopping_, true)) return;
    log_.info("agent stops: finishing what is in flight");
    notifier_.stopping();
    // Should the shard be stuck, in a write to a pipe that nobody reads, say.
    backstop_.after(applier_->effective().agent.shutdown_timeout + kStuckPatience, [this] {
        log_.error("agent is stuck: ending without draining; what is in flight is read again by the next start");
        std::_Exit(kExitFailure);
    });
    if (applier_) applier_->stop();
    // The center hears of it while the pipelines drain; neither waits for the other.
    const auto done = [this, left = std::make_shared<int>(center_ ? 2 : 1)] {
        if (--*left == 0) control_.stop();
    };
    if (center_) center_->goodbye(done);
    pipelines_->drain(applier_->effective().agent.shutdown_timeout, done);
}

admin::AgentAbout Daemon::about() const {
    admin::AgentAbout about{
        .name = applier_->effective().agent.name,
        .version = kVersion,
        .session = session_,
        .config_file = config_file_.string(),
        .uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_at_),
        .started_at = start_time_,
        .store_set_aside = store_set_aside_};
    if (center_) about.center = center_->status();
    return about;
}

}  // namespace

int run_daemon(const std::filesystem::path& config_file) {
    auto config = config::load(config_file, kafka::check_property);
    if (!config) {
        for (const auto& problem : config.error())
            fmt::print(stderr, "{}\n", config::show(problem, config_file.string()));
        return kExitBadConfig;
    }
    ::mallopt(M_ARENA_MAX, kMallocArenasMax);
    raise_descriptor_limit();
    return Daemon(config_file, std::move(*config)).run();
}

}  // namespace agent::app
