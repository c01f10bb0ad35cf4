#include "center/api/api.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "center/api/views.h"
#include "center/model/names.h"

namespace center::api {

namespace {

constexpr RateLimit::Rate kWrongTokens{.per_second = 1, .at_once = 20};
constexpr RateLimit::Rate kReads{.per_second = 200, .at_once = 1000};
constexpr RateLimit::Rate kWrites{.per_second = 20, .at_once = 200};
constexpr std::string_view kPrefix = "/api/v1/";

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto slash = path.find('/');
        parts.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return parts;
        path.remove_prefix(slash + 1);
    }
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// %41 is A; in a query, + is a blank.
enum class Plus : std::uint8_t { itself, blank };
std::string decoded(std::string_view text, Plus plus) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 && digit_of(text[i + 2]) >= 0) {
            out += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
            i += 2;
        } else {
            out += plus == Plus::blank && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

// What stands where the pattern has {}; none: it is another path.
std::optional<std::vector<std::string>> match(std::string_view pattern, const std::vector<std::string_view>& path) {
    const auto wanted = split(pattern);
    if (wanted.size() != path.size()) return std::nullopt;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (wanted[i] == "{}")
            names.push_back(decoded(path[i], Plus::itself));
        else if (wanted[i] != path[i])
            return std::nullopt;
    }
    return names;
}

std::map<std::string, std::string> query_of(std::string_view text) {
    std::map<std::string, std::string> query;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto one = text.substr(0, end);
        const auto equals = std::min(one.find('='), one.size());
        query[decoded(one.substr(0, equals), Plus::blank)] =
            decoded(one.substr(std::min(equals + 1, one.size())), Plus::blank);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return query;
}

net::HttpResponse too_many() {
    auto response = error_response(429, "too many requests");
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace

const std::vector<Api::Route>& Api::routes() {
    using enum model::Role;
    static const std::vector<Route> all = {
        {"GET", "pipelines", viewer, &Api::list_pipelines},
        {"GET", "pipelines/{}", viewer, &Api::get_pipeline},
        {"PUT", "pipelines/{}", editor, &Api::put_pipeline},
        {"DELETE", "pipelines/{}", editor, &Api::delete_pipeline},
        {"GET", "pipelines/{}/revisions", viewer, &Api::list_revisions},
        {"GET", "pipelines/{}/revisions/{}", viewer, &Api::get_revision},
        {"GET", "pipelines/{}/diff", viewer, &Api::diff_revisions},
        {"GET", "clusters", viewer, &Api::list_clusters},
        {"GET", "clusters/{}", viewer, &Api::get_cluster},
        {"PUT", "clusters/{}", editor, &Api::put_cluster},
        {"DELETE", "clusters/{}", editor, &Api::delete_cluster},
        {"GET", "clusters/{}/revisions", viewer, &Api::list_cluster_revisions},
        {"GET", "groups", viewer, &Api::list_groups},
        {"GET", "groups/{}", viewer, &Api::get_group},
        {"PUT", "groups/{}", editor, &Api::put_group},
        {"DELETE", "groups/{}", editor, &Api::delete_group},
        {"GET", "rollouts", viewer, &Api::list_rollouts},
        {"POST", "rollouts", editor, &Api::start_rollout},
        {"GET", "rollouts/{}", viewer, &Api::get_rollout},
        {"POST", "rollouts/{}/{}", editor, &Api::command_rollout},
        {"GET", "agents", viewer, &Api::list_agents},
        {"GET", "agents/{}", viewer, &Api::get_agent},
        {"DELETE", "agents/{}", admin, &Api::forget_agent},
        {"POST", "agents/{}/retry", editor, &Api::retry_agent},
        {"GET", "tokens", admin, &Api::list_tokens},
        {"POST", "tokens", admin, &Api::create_token},
        {"DELETE", "tokens/{}", admin, &Api::delete_token},
        {"GET", "audit", viewer, &Api::get_audit},
        {"GET", "status", viewer, &Api::get_status},
    };
    return all;
}

Api::Api(ApiParts parts) : parts_(std::move(parts)), wrong_tokens_(kWrongTokens), reads_(kReads), writes_(kWrites) {}

bool Api::serve_unauthorized(const net::HttpRequest& request, net::HttpRespond& respond) {
    if (request.method != "GET") return false;
    if (request.target == "/healthz") {
        respond({.body = "ok\n"});
        return true;
    }
    if (request.target != "/metrics") return false;
    update_gauges();
    respond({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = parts_.registry.prometheus_text()});
    return true;
}

void Api::handle(const net::HttpRequest& request, net::HttpRespond respond) {
    if (serve_unauthorized(request, respond)) return;
    const auto question = std::min(request.target.find('?'), request.target.size());
    const auto path = std::string_view(request.target).substr(0, question);
    if (!path.starts_with(kPrefix)) return respond(error_response(404, "no such page"));
    const auto now = std::chrono::steady_clock::now();
    auto who = operator_of(parts_.catalog.state(), parts_.admin_token, bearer_of(request.headers), unix_now());
    if (!who) {
        if (!wrong_tokens_.take(request.peer, now)) return respond(too_many());
        auto response = error_response(401, who.error());
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
        return respond(std::move(response));
    }
    if (!(request.method == "GET" ? reads_ : writes_).take(who->name, now)) return respond(too_many());
    const auto parts = split(path.substr(kPrefix.size()));
    std::string allowed;
    for (const auto& route : routes()) {
        auto names = match(route.pattern, parts);
        if (!names) continue;
        if (route.method != request.method) {
            allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
            continue;
        }
        const Call call{
            .request = request,
            .names = std::move(*names),
            .query = query_of(std::string_view(request.target).substr(std::min(question + 1, request.target.size()))),
            .who = *who};
        return dispatch(call, route, std::move(respond));
    }
    if (allowed.empty()) return respond(error_response(404, "no such page"));
    auto response = error_response(405, fmt::format("{} cannot be done here (only {})", request.method, allowed));
    response.headers.emplace_back("Allow", allowed);
    respond(std::move(response));
}

void Api::dispatch(const Call& call, const Route& route, net::HttpRespond respond) {
    if (call.who.role < route.role)
        return respond(
            error_response(403, fmt::format("{} may not do this: it needs the role {}, not {}", call.who.name,
                                            model::word_of(route.role), model::word_of(call.who.role))));
    const bool is_named = route.pattern.starts_with("pipelines/") || route.pattern.starts_with("clusters/") ||
                          route.pattern.starts_with("groups/");
    if (is_named)
        if (const auto complaint = model::check_name(call.names.front()))
            return respond(error_response(400, "the name is not valid", {{.key = "name", .message = *complaint}}));
    (this->*route.handler)(call, std::move(respond));
}

void Api::change(catalog::Catalog::Plan plan, std::function<std::string()> view, net::HttpRespond respond, int status) {
    parts_.catalog.change(std::move(plan),
                          [respond = std::move(respond), view = std::move(view), status](const auto& done) mutable {
                              respond(done ? json_response(view(), status) : error_response(done.error()));
                          });
}

void Api::update_gauges() {
    const auto now = fleet::Clock::now();
    std::int64_t online = 0;
    std::int64_t failed = 0;
    std::int64_t unhealthy = 0;
    for (const auto& [uid, agent] : parts_.fleet.agents()) {
        online += parts_.fleet.is_online(*agent, now) ? 1 : 0;
        failed += agent->status.status == opamp::ConfigStatus::failed ? 1 : 0;
        unhealthy += agent->is_healthy ? 0 : 1;
    }
    auto& registry = parts_.registry;
    const auto set = [&](const char* state, std::int64_t value) {
        registry.gauge("venus_center_agents", "Agents that this center knows, by state", {{"state", state}}).set(value);
    };
    set("known", static_cast<std::int64_t>(parts_.fleet.agents().size()));
    set("online", online);
    set("failed", failed);
    set("unhealthy", unhealthy);
    const auto& state = parts_.catalog.state();
    registry.gauge("venus_center_revision", "Of the store", {}).set(static_cast<std::int64_t>(state.revision));
    std::int64_t active = 0;
    for (const auto& [id, rollout] : state.rollouts) active += rollout.is_active() ? 1 : 0;
    registry.gauge("venus_center_rollouts_active", "Rollouts that are running or paused", {}).set(active);
}

void Api::get_status(const Call& /*call*/, net::HttpRespond respond) {
    namespace json = boost::json;
    const auto now = fleet::Clock::now();
    const auto& state = parts_.catalog.state();
    std::uint64_t online = 0;
    std::uint64_t failed = 0;
    std::uint64_t unhealthy = 0;
    for (const auto& [uid, agent] : parts_.fleet.agents()) {
        online += parts_.fleet.is_online(*agent, now) ? 1U : 0U;
        failed += agent->status.status == opamp::ConfigStatus::failed ? 1U : 0U;
        unhealthy += agent->is_healthy ? 0U : 1U;
    }
    json::array active;
    for (const auto& [id, rollout] : state.rollouts)
        if (rollout.is_active()) active.emplace_back(id);
    const auto count = [](const auto& documents) {
        return std::ranges::count_if(documents, [](const auto& one) { return one.second.newest() != nullptr; });
    };
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
    respond(json_response(json::serialize(json::object{
        {"version", parts_.version},
        {"revision", state.revision},
        {"uptime_seconds", uptime.count()},
        {"agents",
         {{"known", parts_.fleet.agents().size()}, {"online", online}, {"failed", failed}, {"unhealthy", unhealthy}}},
        {"pipelines", count(state.pipelines)},
        {"clusters", count(state.clusters)},
        {"groups", state.groups.size()},
        {"rollouts", std::move(active)}})));
}

}  // namespace center::api
