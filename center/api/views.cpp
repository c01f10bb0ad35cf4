#include "center/api/views.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ranges>
#include <utility>

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "center/model/text_diff.h"
#include "common/base/text.h"
#include "common/crypto/encoding.h"

namespace center::api {

namespace json = boost::json;

namespace {

json::value time_json(model::TimeMs at) {
    json::value text;
    const std::time_t seconds = at / 1000;
    if (at != 0) text = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), at % 1000);
    return text;
}

json::object labels_json(const model::Labels& labels) {
    json::object object;
    for (const auto& [key, value] : labels) object[base::valid_utf8(key)] = base::valid_utf8(value);
    return object;
}

// 10, not 1E1: the same number, as people write it.
json::value percent_json(double percent) {
    json::value number = percent;
    if (percent == std::floor(percent)) number = static_cast<std::int64_t>(percent);
    return number;
}

// As people write it: "1h", not "3600000ms".
std::string hold_text(std::chrono::milliseconds hold) {
    constexpr std::array<std::pair<std::int64_t, const char*>, 3> kUnits{
        {{3'600'000, "h"}, {60'000, "m"}, {1000, "s"}}};
    for (const auto& [size, unit] : kUnits)
        if (hold.count() % size == 0 && hold.count() > 0) return fmt::format("{}{}", hold.count() / size, unit);
    return fmt::format("{}ms", hold.count());
}

template <typename Map>
json::object map_json(const Map& map) {
    json::object object;
    for (const auto& [key, value] : map) object[key] = value;
    return object;
}

json::object assignment_json(const model::Assignment& assignment) {
    return {{"selector", assignment.selector.text()},
            {"pipelines", map_json(assignment.pipelines)},
            {"clusters", map_json(assignment.clusters)}};
}

json::object revision_object(const std::string& name, const model::Revision& revision) {
    return {{"name", name}, {"revision", revision.number}, {"hash", revision.hash}};
}

json::object agent_object(fleet::Agent& agent, fleet::Fleet& fleet, fleet::Offers& offers) {
    const auto& wanted = offers.wanted(agent);
    const auto offered = wanted ? fleet::Offers::hash_for(agent, *wanted) : "";
    const bool is_applied = agent.status.status == opamp::ConfigStatus::applied;
    const auto& effective = is_applied || agent.effective_hash.empty() ? agent.applied_hash : agent.effective_hash;
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    const auto age = agent.stats              ? agent.stats->config_age_seconds
                     : agent.status_since > 0 ? (now - agent.status_since) / 1000
                                              : 0;
    return {{"id", agent.id},
            {"name", base::valid_utf8(agent.name)},
            {"labels", labels_json(agent.labels)},
            {"version", base::valid_utf8(agent.version)},
            {"online", fleet.is_online(agent, fleet::Clock::now())},
            {"apply_status", apply_status_of(agent)},
            {"apply_error", base::valid_utf8(agent.status.error)},
            {"offered_hash", crypto::to_hex(offered)},
            {"effective_hash", crypto::to_hex(effective)},
            {"config_age_seconds", age},
            {"healthy", agent.is_healthy},
            {"health_error", base::valid_utf8(agent.health_error)},
            {"lag_bytes", agent.stats ? json::value(agent.stats->lag_bytes) : json::value(nullptr)},
            {"group", agent.group.empty() ? json::value(nullptr) : json::value(agent.group)},
            {"last_heartbeat", time_json(agent.last_heartbeat)}};
}

}  // namespace

std::string_view apply_status_of(const fleet::Agent& agent) {
    return agent.status.status == opamp::ConfigStatus::unset ? "" : word_of(agent.status.status);
}

net::HttpResponse json_response(std::string body, int status) {
    body += '\n';
    return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

net::HttpResponse error_response(int status, std::string_view error, const std::vector<catalog::Detail>& details) {
    json::array list;
    for (const auto& detail : details)
        list.push_back({{"line", detail.line},
                        {"column", detail.column},
                        {"key", base::valid_utf8(detail.key)},
                        {"message", base::valid_utf8(detail.message)}});
    return json_response(
        json::serialize(json::object{{"error", base::valid_utf8(error)}, {"details", std::move(list)}}), status);
}

net::HttpResponse error_response(const catalog::Refusal& refusal) {
    switch (refusal.kind) {
        case catalog::Refusal::Kind::bad:
            return error_response(400, refusal.error, refusal.details);
        case catalog::Refusal::Kind::missing:
            return error_response(404, refusal.error, refusal.details);
        case catalog::Refusal::Kind::conflict:
            return error_response(409, refusal.error, refusal.details);
        case catalog::Refusal::Kind::unavailable:
            break;
    }
    auto response = error_response(503, refusal.error, refusal.details);
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

std::string revision_json(const std::string& name, const model::Revision& revision) {
    return json::serialize(revision_object(name, revision));
}

std::string documents_json(const std::map<std::string, model::Document>& documents) {
    json::array list;
    for (const auto& [name, document] : documents)
        if (const auto* newest = document.newest()) {
            auto object = revision_object(name, *newest);
            object["at"] = time_json(newest->at);
            object["by"] = newest->by;
            list.push_back(std::move(object));
        }
    return json::serialize(list);
}

std::string revisions_json(const model::Document& document) {
    json::array list;
    for (const auto& revision : std::views::reverse(document.revisions))
        list.push_back({{"revision", revision.number},
                        {"hash", revision.hash},
                        {"at", time_json(revision.at)},
                        {"by", revision.by}});
    return json::serialize(list);
}

std::string diff_json(const model::Document& document, const model::Revision& from, const model::Revision& to) {
    const auto label = [&](const model::Revision& r) { return fmt::format("{}@{}", document.name, r.number); };
    return json::serialize(json::object{{"name", document.name},
                                        {"from", from.number},
                                        {"to", to.number},
                                        {"diff", model::unified_diff(*from.body, *to.body, label(from), label(to))}});
}

std::string group_json(const catalog::State& state, const model::Group& group) {
    json::object object{{"name", group.name},
                        {"selector", group.selector.text()},
                        {"pipelines", json::array(group.pipelines.begin(), group.pipelines.end())},
                        {"assigned", nullptr},
                        {"rollout", nullptr}};
    const auto placement = state.placements.find(group.name);
    if (placement != state.placements.end() && placement->second.base)
        object["assigned"] = assignment_json(*placement->second.base);
    if (const auto* active = state.active_rollout(group.name)) object["rollout"] = active->id;
    return json::serialize(object);
}

std::string groups_json(const catalog::State& state) {
    std::vector<std::string> items;
    items.reserve(state.groups.size());
    for (const auto& [name, group] : state.groups) items.push_back(group_json(state, group));
    return list_json(items);
}

std::string rollout_json(const model::Rollout& rollout, const model::RolloutCounts& counts) {
    json::array stages;
    for (const auto& stage : rollout.stages) {
        json::object object{{"hold", hold_text(stage.hold)}};
        if (stage.selector)
            object["selector"] = stage.selector->text();
        else
            object["percent"] = percent_json(stage.share / 100.0);
        stages.push_back(std::move(object));
    }
    return json::serialize(json::object{
        {"id", rollout.id},
        {"group", rollout.group},
        {"state", model::word_of(rollout.state)},
        {"stage", rollout.stage + 1},
        {"stages", std::move(stages)},
        {"stage_since", time_json(rollout.stage_since)},
        {"reached", counts.reached},
        {"offered", counts.offered},
        {"applied", counts.applied},
        {"failed", counts.failed},
        {"reason", rollout.reason},
        {"revisions", map_json(rollout.target.pipelines)},
        {"clusters", map_json(rollout.target.clusters)},
        {"before", rollout.before ? json::value(map_json(rollout.before->pipelines)) : json::value(nullptr)},
        {"gate",
         {{"failed_max_percent", percent_json(rollout.gate.failed_max_percent)},
          {"silent_max_percent", percent_json(rollout.gate.silent_max_percent)},
          {"lag_rise_max_bytes", rollout.gate.lag_rise_max_bytes},
          {"rejected_rise_max", rollout.gate.rejected_rise_max}}},
        {"started_at", time_json(rollout.started_at)},
        {"started_by", rollout.started_by},
        {"ended_at", time_json(rollout.ended_at)}});
}

std::string agent_line(fleet::Agent& agent, fleet::Fleet& fleet, fleet::Offers& offers) {
    return json::serialize(agent_object(agent, fleet, offers));
}

std::string agent_json(fleet::Agent& agent, fleet::Fleet& fleet, fleet::Offers& offers) {
    auto object = agent_object(agent, fleet, offers);
    json::object files;
    if (agent.effective)
        for (const auto& [name, file] : *agent.effective) files[base::valid_utf8(name)] = base::valid_utf8(file.body);
    object["effective_config"] = std::move(files);
    if (agent.stats)
        object["stats"] = {{"records_rejected", agent.stats->records_rejected},
                           {"records_failed", agent.stats->records_failed},
                           {"lost_bytes", agent.stats->lost_bytes}};
    json::array failed;
    for (const auto& hash : agent.failed) failed.emplace_back(crypto::to_hex(hash));
    object["failed_hashes"] = std::move(failed);
    return json::serialize(object);
}

std::string token_json(const model::Token& token, const std::string& secret) {
    const bool is_operator = token.kind == model::TokenKind::of_operator;
    json::object object{{"id", token.id},
                        {"kind", model::word_of(token.kind)},
                        {"name", token.name},
                        {"role", is_operator ? json::value(model::word_of(token.role)) : json::value(nullptr)},
                        {"group", token.group.empty() ? json::value(nullptr) : json::value(token.group)},
                        {"uses", token.uses_left ? json::value(*token.uses_left) : json::value(nullptr)},
                        {"expires", time_json(token.expires)},
                        {"created_at", time_json(token.created_at)},
                        {"created_by", token.created_by}};
    if (!secret.empty()) {
        object["token"] = secret;
        object["secret"] = secret;
    }
    return json::serialize(object);
}

std::string audit_json(const std::vector<model::AuditEntry>& entries) {
    json::array list;
    for (const auto& entry : entries)
        list.push_back({{"number", entry.number},
                        {"at", time_json(entry.at)},
                        {"who", entry.who},
                        {"action", entry.action},
                        {"target", entry.target},
                        {"detail", entry.detail}});
    return json::serialize(list);
}

std::string list_json(const std::vector<std::string>& items) {
    return fmt::format("[{}]", fmt::join(items, ","));
}

}  // namespace center::api
