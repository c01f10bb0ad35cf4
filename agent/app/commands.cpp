#include "agent/app/commands.h"

#include <cerrno>
#include <cstdio>
#include <memory>

#include <CLI/Version.hpp>
#include <boost/version.hpp>
#include <fmt/core.h>
#include <librdkafka/rdkafka.h>
#include <rocksdb/version.h>
#include <spdlog/version.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include "agent/admin/status_report.h"
#include "agent/app/exit_codes.h"
#include "agent/app/version.h"
#include "agent/checkpoint/checkpoint_store.h"
#include "agent/split/framing.h"
#include "common/config/load.h"
#include "common/kafka/client_config.h"
#include "common/net/http_server.h"

namespace agent::app {

namespace {

constexpr int kHttpOk = 200;

void complain(const std::string& message) {
    fmt::print(stderr, "venus-agent: {}\n", message);
}

base::Result<config::Config> load(const std::filesystem::path& file) {
    auto config = config::load(file, kafka::check_property);
    if (config) return std::move(*config);
    return base::fail("{}", config::show(config.error().front(), file.string()));
}

base::Result<std::string> socket_of(const DaemonAddress& daemon) {
    if (!daemon.socket.empty()) return daemon.socket;
    auto socket = config::admin_socket_of(daemon.config_file);
    if (!socket)
        return base::fail("cannot find the admin socket by {} (name it with --socket): {}", daemon.config_file.string(),
                          socket.error().message);
    return socket;
}

bool daemon_answers(const DaemonAddress& daemon) {
    const auto socket = socket_of(daemon);
    return socket && net::http_call(*socket, {.method = "GET", .target = "/status", .body = {}}).has_value();
}

base::Result<std::unique_ptr<checkpoint::CheckpointStore>> open_store_at_rest(const DaemonAddress& daemon) {
    auto config = load(daemon.config_file);
    if (!config) return std::unexpected(config.error());
    struct stat about{};
    if (::stat(config->agent.data_dir.c_str(), &about) != 0)
        return base::fail("cannot open the data folder {}: {}", config->agent.data_dir, base::errno_text(errno));
    // Files that another user made here would keep the agent from its own store.
    if (about.st_uid != ::geteuid())
        return base::fail("cannot open the data folder {}: it belongs to user {} (run this command as that user)",
                          config->agent.data_dir, about.st_uid);
    auto opened = checkpoint::open_checkpoint_store(config->agent.data_dir);
    if (!opened) return std::unexpected(opened.error());
    if (!opened->set_aside.empty())
        complain(fmt::format("the checkpoint store was damaged ({}): it is set aside as {}", opened->damage,
                             opened->set_aside));
    return std::move(opened->store);
}

}  // namespace

base::Result<std::string> call_daemon(const DaemonAddress& daemon, const net::HttpRequest& request,
                                      std::chrono::milliseconds timeout) {
    const auto socket = socket_of(daemon);
    if (!socket) return std::unexpected(socket.error());
    auto response = net::http_call(*socket, request, timeout);
    if (!response) return base::fail("{} (is the agent running?)", response.error().message);
    if (response->status != kHttpOk)
        return base::fail("{}", response->body.substr(0, response->body.find_last_not_of('\n') + 1));
    return std::move(response->body);
}

int fail_to_call(const DaemonAddress& daemon, const base::Error& error) {
    complain(error.message);
    return socket_of(daemon) ? kExitFailure : kExitBadConfig;
}

int check_config(const std::filesystem::path& config_file) {
    auto config = config::load(config_file, kafka::check_property);
    if (!config) {
        for (const auto& problem : config.error()) fmt::print("{}\n", config::show(problem, config_file.string()));
        return kExitBadConfig;
    }
    bool can_run = true;  // what this host lacks for it
    for (const auto& pipeline : config->pipelines) {
        const auto framing = split::Framing::make(pipeline.source);
        if (framing) continue;
        fmt::print("{}: error: pipeline {}: {}\n", config_file.string(), pipeline.name, framing.error().message);
        can_run = false;
    }
    if (can_run) fmt::print("ok\n");
    return can_run ? kExitOk : kExitBadConfig;
}

int show_status(const DaemonAddress& daemon, bool json) {
    const auto report = call_daemon(daemon, {.method = "GET", .target = "/status", .body = {}});
    if (!report) return fail_to_call(daemon, report.error());
    const auto text = json ? report : admin::status_text(*report);
    if (!text) return fail_to_call(daemon, text.error());
    fmt::print("{}", *text);
    return admin::status_exit_code(*report);
}

int list_checkpoints(const DaemonAddress& daemon, bool json) {
    std::string report;
    if (daemon_answers(daemon)) {
        auto answer = call_daemon(daemon, {.method = "GET", .target = "/checkpoints", .body = {}});
        if (!answer) return fail_to_call(daemon, answer.error());
        report = std::move(*answer);
    } else {
        auto store = open_store_at_rest(daemon);
        if (!store) return fail_to_call(daemon, store.error());
        report = admin::checkpoints_json(**store);
    }
    const auto text = json ? base::Result<std::string>(report) : admin::checkpoints_text(report);
    if (!text) return fail_to_call(daemon, text.error());
    fmt::print("{}", *text);
    return kExitOk;
}

int change_checkpoint(const DaemonAddress& daemon, const admin::CheckpointChange& change) {
    base::Result<std::string> done;
    if (daemon_answers(daemon)) {
        done = call_daemon(daemon, {.method = "POST", .target = "/checkpoints", .body = admin::change_json(change)});
    } else if (auto store = open_store_at_rest(daemon); store) {
        done = admin::change_checkpoint(**store, change);
        if (done) *done += '\n';
    } else {
        done = std::unexpected(store.error());
    }
    if (!done) return fail_to_call(daemon, done.error());
    fmt::print("{}", *done);
    return kExitOk;
}

int show_version() {
    fmt::print("venus-agent {}\n", kVersion);
    fmt::print("  librdkafka {}\n", rd_kafka_version_str());
    fmt::print("  RocksDB {}.{}.{}\n", ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH);
    fmt::print("  Boost {}.{}.{}\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
    fmt::print("  spdlog {}.{}.{}\n", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH);
    fmt::print("  toml++ {}.{}.{}\n", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH);
    fmt::print("  CLI11 {}\n", CLI11_VERSION);
    return kExitOk;
}

}  // namespace agent::app
