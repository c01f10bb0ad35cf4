// The agent's two doors: the admin socket for its own command line, the metrics endpoint for everybody.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/admin/status_report.h"
#include "agent/checkpoint/checkpoint_thread.h"
#include "agent/pipeline/pipeline_set.h"
#include "common/net/http_server.h"
#include "common/telemetry/metrics.h"

namespace agent::admin {

// What the doors show. All outlive them.
struct AdminSources {
    pipeline::PipelineSet& pipelines;
    checkpoint::CheckpointThread& checkpoints;
    telemetry::Registry& registry;
    std::function<AgentAbout()> about;
    std::function<std::string()> config_refused;  // why the last reload was; "": it was not
};

// Admin socket:  GET /status · GET /checkpoints · POST /checkpoints (change_json()) · GET /tap/PIPELINE (JSON lines: a
//                sample of what passed since the last call) · all that the metrics endpoint has
// Metrics:       GET /metrics (Prometheus text) · GET /healthz (200 while the agent lives) · GET /readyz (200 while it
//                is healthy, else 503 with the reasons)
//
// Thread: the control thread.
class AdminServer {
 public:
    static base::Result<std::unique_ptr<AdminServer>> listen(base::EventLoop& control,
                                                             const config::AgentConfig& config, AdminSources sources);

 private:
    AdminServer(base::EventLoop& control, AdminSources sources) : control_(control), sources_(std::move(sources)) {}

    void serve_admin(const net::HttpRequest& request, net::HttpRespond respond);
    void serve_metrics(const net::HttpRequest& request, net::HttpRespond respond);
    void change(const std::string& body, net::HttpRespond respond);
    void tap(const std::string& pipeline, net::HttpRespond respond);
    Health health(const pipeline::ShardStatus& status) const;

    base::EventLoop& control_;
    AdminSources sources_;
    std::unique_ptr<net::HttpServer> admin_;
    std::unique_ptr<net::HttpServer> metrics_;
};

}  // namespace agent::admin
