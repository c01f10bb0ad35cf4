#include "agent/admin/admin_server.h"

#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "agent/admin/checkpoint_commands.h"
#include "common/base/text.h"

namespace agent::admin {

namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kJsonLines = "application/x-ndjson";
constexpr std::string_view kTap = "/tap/";
constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kUnavailable = 503;

net::HttpResponse not_found(const net::HttpRequest& request) {
    return {.status = kNotFound, .body = "no such page: " + request.method + " " + request.target + "\n"};
}

// Of the whole agent.
void set_gauges(telemetry::Registry& registry, const Health& health, const AgentAbout& about) {
    registry.gauge("venus_agent_healthy", "1 while /readyz says so, else 0", {}).set(health.healthy() ? 1 : 0);
    registry.gauge("venus_agent_start_time_seconds", "When this agent was started, in Unix time", {})
        .set(std::chrono::duration_cast<std::chrono::seconds>(about.started_at.time_since_epoch()).count());
    registry.gauge("venus_agent_info", "1, with who it is", {{"name", about.name}, {"version", about.version}}).set(1);
}

}  // namespace

base::Result<std::unique_ptr<AdminServer>> AdminServer::listen(base::EventLoop& control,
                                                               const config::AgentConfig& config,
                                                               AdminSources sources) {
    std::unique_ptr<AdminServer> server(new AdminServer(control, std::move(sources)));
    auto* self = server.get();
    std::error_code failed;  // binding says it better
    std::filesystem::create_directories(std::filesystem::path(config.admin_socket).parent_path(), failed);
    auto admin = net::HttpServer::listen(
        control, "unix:" + config.admin_socket,
        [self](const auto& request, auto respond) { self->serve_admin(request, std::move(respond)); });
    if (!admin) return std::unexpected(admin.error());
    self->admin_ = std::move(*admin);
    if (config.metrics_listen.empty()) return server;

    auto metrics = net::HttpServer::listen(control, config.metrics_listen, [self](const auto& request, auto respond) {
        self->serve_metrics(request, std::move(respond));
    });
    if (!metrics) return std::unexpected(metrics.error());
    self->metrics_ = std::move(*metrics);
    return server;
}

Health AdminServer::health(const pipeline::ShardStatus& status) const {
    auto health = judge_health(status, sources_.pipelines.failed(), sources_.config_refused());
    for (const auto& [path, why] : sources_.pipelines.unfollowed()) health.reasons.push_back(why);
    if (const auto why = trouble_of(sources_.about().center); !why.empty()) health.reasons.push_back(why);
    if (const auto why = sources_.checkpoints.trouble(); !why.empty())
        health.reasons.push_back("checkpoints cannot be written, a restart would read again from the last ones: " +
                                 why);
    return health;
}

void AdminServer::serve_admin(const net::HttpRequest& request, net::HttpRespond respond) {
    if (request.method == "GET" && request.target == "/status") {
        sources_.pipelines.status([this, respond = std::make_shared<net::HttpRespond>(std::move(respond))](
                                      const pipeline::ShardStatus& status) {
            (*respond)({.content_type = kJson, .body = status_json(sources_.about(), status, health(status))});
        });
    } else if (request.method == "GET" && request.target == "/checkpoints") {
        sources_.checkpoints.visit(
            [&control = control_, respond = std::make_shared<net::HttpRespond>(std::move(respond))](auto& store) {
                control.post([respond, body = checkpoints_json(store)]() mutable {
                    (*respond)({.content_type = kJson, .body = std::move(body)});
                });
            });
    } else if (request.method == "POST" && request.target == "/checkpoints") {
        change(request.body, std::move(respond));
    } else if (request.method == "GET" && request.target.starts_with(kTap)) {
        tap(request.target.substr(kTap.size()), std::move(respond));
    } else {
        serve_metrics(request, std::move(respond));
    }
}

void AdminServer::tap(const std::string& pipeline, net::HttpRespond respond) {
    sources_.pipelines.tap(pipeline, [pipeline, respond = std::make_shared<net::HttpRespond>(std::move(respond))](
                                         std::optional<std::string> lines) {
        if (lines)
            (*respond)({.content_type = kJsonLines, .body = std::move(*lines)});
        else
            (*respond)({.status = kNotFound, .body = "no pipeline that runs is named " + base::quote(pipeline) + "\n"});
    });
}

// A file that is followed is put to its new offset by its tail, which then writes the checkpoint; any other checkpoint
// is changed in the store.
void AdminServer::change(const std::string& body, net::HttpRespond respond) {
    auto change = parse_change(body);
    if (!change) return respond({.status = kBadRequest, .body = change.error().message + "\n"});
    auto answer = std::make_shared<net::HttpRespond>(std::move(respond));
    sources_.checkpoints.visit(
        [this, &control = control_, answer, change = std::move(*change)](checkpoint::CheckpointStore& store) {
            auto found = find_checkpoint(store, change);
            if (!found) {
                control.post(
                    [answer, why = found.error().message] { (*answer)({.status = kNotFound, .body = why + "\n"}); });
                return;
            }
            control.post([this, answer, change, found = std::move(*found)] {
                sources_.pipelines.set_offset(
                    change.pipeline, found.file, change.offset,
                    [this, answer, change, found](const base::Result<pipeline::IsFollowed>& followed) {
                        if (!followed)
                            return (*answer)({.status = kBadRequest, .body = followed.error().message + "\n"});
                        if (*followed == pipeline::IsFollowed::yes)
                            return (*answer)({.body = read_from_text(found.path, change.offset) + "\n"});
                        sources_.checkpoints.visit(
                            [&control = control_, answer, change](checkpoint::CheckpointStore& store_again) {
                                auto changed = change_checkpoint(store_again, change);
                                control.post([answer, changed = std::move(changed)] {
                                    (*answer)(changed ? net::HttpResponse{.body = *changed + "\n"}
                                                      : net::HttpResponse{.status = kNotFound,
                                                                          .body = changed.error().message + "\n"});
                                });
                            });
                    });
            });
        });
}

void AdminServer::serve_metrics(const net::HttpRequest& request, net::HttpRespond respond) {
    if (request.method != "GET") return respond(not_found(request));
    if (request.target == "/healthz") return respond({.body = "ok\n"});
    if (request.target != "/metrics" && request.target != "/readyz") return respond(not_found(request));
    // Asking the shard brings the gauges up to date.
    sources_.pipelines.status([this, metrics = request.target == "/metrics",
                               respond = std::make_shared<net::HttpRespond>(std::move(respond))](const auto& status) {
        const auto judged = health(status);
        if (metrics) {
            set_gauges(sources_.registry, judged, sources_.about());
            return (*respond)({.content_type = "text/plain; version=0.0.4; charset=utf-8",
                               .body = sources_.registry.prometheus_text()});
        }
        std::string body = judged.healthy() ? "ready\n" : "";
        for (const auto& reason : judged.reasons) body += reason + "\n";
        (*respond)({.status = judged.healthy() ? 200 : kUnavailable, .body = std::move(body)});
    });
}

}  // namespace agent::admin
