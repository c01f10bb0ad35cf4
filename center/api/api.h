// The door for people, venusctl and consoles: /api/v1/…, /metrics and /healthz.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "center/api/access.h"
#include "center/api/rate_limit.h"
#include "center/api/rollout_driver.h"
#include "center/catalog/catalog.h"
#include "center/fleet/fleet.h"
#include "center/fleet/offers.h"
#include "common/net/http_server.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace center::api {

// One request, taken apart.
struct Call {
    const net::HttpRequest& request;
    std::vector<std::string> names;            // what stands where the pattern has {}
    std::map<std::string, std::string> query;  // decoded
    Operator who = {};

    catalog::Actor actor() const { return {.name = who.name, .now = unix_now()}; }
};

struct ApiParts {
    catalog::Catalog& catalog;
    fleet::Fleet& fleet;
    fleet::Offers& offers;
    RolloutDriver& rollouts;
    telemetry::Registry& registry;
    telemetry::Log& log;
    std::string admin_token;
    std::string version;
};

// Operation: a route has the least role that may use it; what changes something is planned and told when it is durable.
//
// Thread: the loop's. Life: its parts outlive it; answers that come later than it does are dropped by the server.
class Api {
 public:
    explicit Api(ApiParts parts);

    void handle(const net::HttpRequest& request, net::HttpRespond respond);

 private:
    using Handler = void (Api::*)(const Call&, net::HttpRespond);
    struct Route {
        std::string_view method;
        std::string_view pattern;
        model::Role role;
        Handler handler;
    };
    static const std::vector<Route>& routes();

    bool serve_unauthorized(const net::HttpRequest& request, net::HttpRespond& respond);
    void dispatch(const Call& call, const Route& route, net::HttpRespond respond);
    void change(catalog::Catalog::Plan plan, std::function<std::string()> view, net::HttpRespond respond,
                int status = 200);
    void update_gauges();

    void list_pipelines(const Call& call, net::HttpRespond respond);
    void get_pipeline(const Call& call, net::HttpRespond respond);
    void put_pipeline(const Call& call, net::HttpRespond respond);
    void delete_pipeline(const Call& call, net::HttpRespond respond);
    void list_revisions(const Call& call, net::HttpRespond respond);
    void get_revision(const Call& call, net::HttpRespond respond);
    void diff_revisions(const Call& call, net::HttpRespond respond);
    void list_clusters(const Call& call, net::HttpRespond respond);
    void get_cluster(const Call& call, net::HttpRespond respond);
    void put_cluster(const Call& call, net::HttpRespond respond);
    void delete_cluster(const Call& call, net::HttpRespond respond);
    void list_cluster_revisions(const Call& call, net::HttpRespond respond);
    void list_groups(const Call& call, net::HttpRespond respond);
    void get_group(const Call& call, net::HttpRespond respond);
    void put_group(const Call& call, net::HttpRespond respond);
    void delete_group(const Call& call, net::HttpRespond respond);
    void list_rollouts(const Call& call, net::HttpRespond respond);
    void start_rollout(const Call& call, net::HttpRespond respond);
    void get_rollout(const Call& call, net::HttpRespond respond);
    void command_rollout(const Call& call, net::HttpRespond respond);
    void list_agents(const Call& call, net::HttpRespond respond);
    void get_agent(const Call& call, net::HttpRespond respond);
    void retry_agent(const Call& call, net::HttpRespond respond);
    void forget_agent(const Call& call, net::HttpRespond respond);
    void list_tokens(const Call& call, net::HttpRespond respond);
    void create_token(const Call& call, net::HttpRespond respond);
    void delete_token(const Call& call, net::HttpRespond respond);
    void get_audit(const Call& call, net::HttpRespond respond);
    void get_status(const Call& call, net::HttpRespond respond);

    std::string show_rollout(std::uint64_t id);
    void put_document(const Call& call, model::DocumentKind kind, net::HttpRespond respond);
    void delete_document(const Call& call, model::DocumentKind kind, net::HttpRespond respond);

    ApiParts parts_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    RateLimit wrong_tokens_;  // of an address
    RateLimit reads_;         // of an operator
    RateLimit writes_;
};

}  // namespace center::api
