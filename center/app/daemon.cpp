#include "center/app/daemon.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "center/api/api.h"
#include "center/api/opamp_endpoint.h"
#include "center/store/embedded_store.h"
#include "center/store/kafka_lead.h"
#include "center/store/kafka_store.h"
#include "common/base/assert.h"
#include "common/base/unique_fd.h"
#include "common/opamp/codec.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace center::app {

namespace {

constexpr std::size_t kAgentConnectionsMax = 20'000;
constexpr std::size_t kApiConnectionsMax = 256;
constexpr std::size_t kApiBodyBytesMax = 1ULL << 20;
constexpr int kHeartbeatsIdle = 3;
constexpr std::chrono::minutes kVerifyInterval{10};  // of a lead; Kafka forgets who did not write for a week

// The run of the center. Declared in the order in which the parts stand on one another.
class Center {
 public:
    Center(const CenterConfig& config, const char* version) : config_(config), version_(version), log_(config.log) {}

    int run();

 private:
    base::Result<void> start();
    base::Result<void> open_store();
    base::Result<void> compete();
    void leads();
    base::Result<void> serve();
    base::Result<void> open_doors();
    void close();
    void end(std::string_view why);
    base::Result<api::OpampSettings> opamp_settings() const;
    void watch_signals();

    const CenterConfig& config_;
    const char* version_;
    telemetry::Log log_;
    telemetry::Registry registry_;
    base::EventLoop loop_;
    base::UniqueFd signals_;
    std::unique_ptr<base::ReadableWatch> signal_watch_;
    std::unique_ptr<store::KafkaLead> lead_;  // of centers with one store on Kafka
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<catalog::Catalog> catalog_;
    std::unique_ptr<fleet::Fleet> fleet_;
    std::unique_ptr<fleet::Offers> offers_;
    std::unique_ptr<api::RolloutDriver> rollouts_;
    std::unique_ptr<api::OpampEndpoint> opamp_;
    std::unique_ptr<api::Api> api_;
    std::unique_ptr<net::HttpServer> agents_door_;
    std::unique_ptr<net::HttpServer> api_door_;
    base::Timer verify_timer_{loop_};
    int exit_code_ = EXIT_SUCCESS;
};

// Each agent may hold a connection.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

void Center::watch_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    (void)std::signal(SIGPIPE, SIG_IGN);  // a write says so itself
    (void)std::signal(SIGHUP, SIG_IGN);
    signals_.reset(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
    AGENT_ASSERT(signals_);
    signal_watch_ = std::make_unique<base::ReadableWatch>(loop_, signals_.get(), [this] {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) loop_.stop();
    });
}

base::Result<api::OpampSettings> Center::opamp_settings() const {
    api::OpampSettings settings{.is_open = config_.is_open};
    if (config_.signing_key.empty()) return settings;
    std::ifstream file(config_.signing_key, std::ios::binary);
    if (!file) return base::fail("cannot read the signing key {}", config_.signing_key);
    auto key = crypto::SigningKey::from_pem(std::string(std::istreambuf_iterator<char>(file), {}));
    if (!key) return base::fail("cannot use the signing key {}: {}", config_.signing_key, key.error().message);
    settings.signing_key = std::move(*key);
    return settings;
}

base::Result<void> Center::start() {
    if (config_.kafka_store) return compete();
    if (auto opened = open_store(); !opened) return opened;
    return serve();
}

// Until this center leads, it listens on nothing: agents and operators find the one that does.
base::Result<void> Center::compete() {
    if (auto settings = opamp_settings(); !settings)
        return std::unexpected(settings.error());  // not only when it leads
    if (auto usable = store::rehearse(*config_.kafka_store); !usable) return usable;
    auto lead = store::KafkaLead::compete(
        loop_, *config_.kafka_store,
        {.leads = [this] { leads(); }, .ended = [this](const std::string& why) { end(why); }}, log_);
    if (!lead) return std::unexpected(lead.error());
    lead_ = std::move(*lead);
    return {};
}

// That it leads again after an outage is sure when the store takes something.
void Center::leads() {
    if (store_) return store_->write({}, [](const auto&) {});
    auto serving = open_store();
    if (serving) serving = serve();
    if (!serving) return end(serving.error().message);
    verify_timer_.every(kVerifyInterval, [this] { store_->write({}, [](const auto&) {}); });
}

base::Result<void> Center::open_store() {
    auto store = config_.kafka_store ? store::open_kafka_store(loop_, *config_.kafka_store,
                                                               [this](const std::string& why) { end(why); })
                                     : store::open_embedded_store(loop_, config_.data_dir);
    if (!store) return std::unexpected(store.error());
    store_ = std::move(*store);
    return {};
}

// No more requests, then the store finishes what it has, then another center may lead.
void Center::close() {
    verify_timer_.cancel();
    api_door_.reset();
    agents_door_.reset();
    api_.reset();
    opamp_.reset();
    rollouts_.reset();
    offers_.reset();
    fleet_.reset();
    catalog_.reset();
    store_.reset();
    lead_.reset();
}

// Whoever supervises it starts it again: what it knows is read anew then.
void Center::end(std::string_view why) {
    log_.error("center cannot go on", {{"error", why}});
    exit_code_ = EXIT_FAILURE;
    loop_.stop();
}

base::Result<void> Center::serve() {
    auto settings = opamp_settings();
    if (!settings) return std::unexpected(settings.error());
    auto catalog = catalog::Catalog::open(*store_);
    if (!catalog) return std::unexpected(catalog.error());
    catalog_ = std::move(*catalog);
    catalog_->make_secret();
    const auto interval = std::chrono::duration_cast<std::chrono::seconds>(config_.heartbeat_interval);
    fleet_ = std::make_unique<fleet::Fleet>(
        fleet::FleetLimits{.agents_max = config_.agents_max, .heartbeat_interval = interval});
    offers_ = std::make_unique<fleet::Offers>(catalog_->state());
    rollouts_ = std::make_unique<api::RolloutDriver>(loop_, *catalog_, *fleet_, *offers_, log_);
    opamp_ = std::make_unique<api::OpampEndpoint>(*catalog_, *fleet_, *offers_, std::move(*settings), registry_, log_);
    api_ = std::make_unique<api::Api>(api::ApiParts{.catalog = *catalog_,
                                                    .fleet = *fleet_,
                                                    .offers = *offers_,
                                                    .rollouts = *rollouts_,
                                                    .registry = registry_,
                                                    .log = log_,
                                                    .admin_token = config_.admin_token,
                                                    .version = version_});
    if (auto opened = open_doors(); !opened) return opened;
    log_.info("center is ready", {{"agents", agents_door_->address()},
                                  {"api", api_door_->address()},
                                  {"tls", config_.tls.cert_file.empty() ? "off" : "on"},
                                  {"enrolment", config_.is_open ? "open" : "token"}});
    return {};
}

base::Result<void> Center::open_doors() {
    // An agent's connection is kept over its heartbeats.
    const net::HttpLimits agents{.connections_max = kAgentConnectionsMax,
                                 .body_bytes_max = opamp::kBodyBytesMax,
                                 .idle_timeout = kHeartbeatsIdle * config_.heartbeat_interval};
    auto agents_door = net::HttpServer::listen(
        loop_, config_.listen_agents,
        [this](const auto& request, auto respond) { opamp_->handle(request, std::move(respond)); }, agents,
        config_.tls);
    if (!agents_door) return std::unexpected(agents_door.error());
    agents_door_ = std::move(*agents_door);
    const net::HttpLimits people{.connections_max = kApiConnectionsMax, .body_bytes_max = kApiBodyBytesMax};
    auto tls = config_.tls;
    tls.client_ca_file.clear();  // people show a token
    auto api_door = net::HttpServer::listen(
        loop_, config_.listen_api,
        [this](const auto& request, auto respond) { api_->handle(request, std::move(respond)); }, people, tls);
    if (!api_door) return std::unexpected(api_door.error());
    api_door_ = std::move(*api_door);
    return {};
}

int Center::run() {
    ::umask(S_IRWXG | S_IRWXO);  // the store has the secret that credentials are made of
    raise_descriptor_limit();
    watch_signals();
    log_.info("center starts",
              {{"version", version_},
               {"store", config_.kafka_store ? "topic " + config_.kafka_store->topic : "folder " + config_.data_dir}});
    if (auto started = start(); !started) {
        log_.error("center cannot run", {{"error", started.error().message}});
        return EXIT_FAILURE;
    }
    loop_.run();
    close();
    log_.info("center has stopped");
    return exit_code_;
}

}  // namespace

int run_center(const CenterConfig& config, const char* version) {
    return Center(config, version).run();
}

}  // namespace center::app
