#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "center/api/api.h"
#include "center/api/views.h"
#include "center/catalog/plans.h"
#include "common/crypto/encoding.h"
#include "common/opamp/instance_uid.h"

namespace center::api {

namespace {

constexpr std::size_t kListedMax = 100'000;

net::HttpResponse missing(const std::string& name) {
    return error_response(404, fmt::format("there is no agent {} (or several: use the id)", name));
}

}  // namespace

// ?selector= ?online=true|false ?status=failed ?limit=N &after=ID
void Api::list_agents(const Call& call, net::HttpRespond respond) {
    const auto asked = [&](const char* key) {
        const auto found = call.query.find(key);
        return found == call.query.end() ? std::string() : found->second;
    };
    const auto selector = model::Selector::parse(asked("selector"));
    if (!selector)
        return respond(error_response(
            400, "the selector is not valid",
            {{.line = 1, .column = selector.error().column, .key = "selector", .message = selector.error().message}}));
    std::size_t limit = kListedMax;
    if (const auto text = asked("limit"); !text.empty()) std::from_chars(text.data(), text.data() + text.size(), limit);
    const auto online = asked("online");
    const auto status = asked("status");
    const auto after = asked("after");
    std::vector<std::string> items;
    for (const auto& [uid, agent] : parts_.fleet.agents()) {
        if (items.size() >= limit) break;
        if (agent->id <= after || !selector->matches(agent->labels)) continue;
        const bool is_online = parts_.fleet.is_online(*agent, fleet::Clock::now());
        if (!online.empty() && is_online != (online == "true")) continue;
        if (!status.empty() && apply_status_of(*agent) != status) continue;
        items.push_back(agent_line(*agent, parts_.fleet, parts_.offers));
    }
    respond(json_response(list_json(items)));
}

void Api::get_agent(const Call& call, net::HttpRespond respond) {
    auto* agent = parts_.fleet.find_by_id_or_name(call.names[0]);
    respond(agent ? json_response(agent_json(*agent, parts_.fleet, parts_.offers)) : missing(call.names[0]));
}

// What it said it cannot apply is offered to it again, under another hash.
void Api::retry_agent(const Call& call, net::HttpRespond respond) {
    auto* agent = parts_.fleet.find_by_id_or_name(call.names[0]);
    if (!agent) return respond(missing(call.names[0]));
    const auto& wanted = parts_.offers.wanted(*agent);
    if (!wanted || !agent->has_failed(fleet::Offers::hash_for(*agent, *wanted)))
        return respond(
            error_response(409, fmt::format("agent {} has refused nothing that it is to run", call.names[0])));
    const auto uid = agent->uid;
    change(
        [uid, id = agent->id, actor = call.actor()](const catalog::State&) -> catalog::Planned {
            return store::Batch{catalog::audit(actor, {.action = "agent.retry", .target = id})};
        },
        [this, uid] {
            auto* found = parts_.fleet.find(uid);
            if (!found) return std::string("{}");
            found->failed.clear();
            ++found->retries;
            return agent_line(*found, parts_.fleet, parts_.offers);
        },
        std::move(respond));
}

// Its credential is worth nothing from now on; with an enrolment token it may come back.
void Api::forget_agent(const Call& call, net::HttpRespond respond) {
    const auto* agent = parts_.fleet.find_by_id_or_name(call.names[0]);
    // One that was not heard of since the center started, or not for long, may still hold a credential.
    const auto silent = opamp::parse_instance_uid(call.names[0]);
    if (!agent && !silent) return respond(missing(call.names[0]));
    const auto uid = agent ? agent->uid : *silent;
    change([uid, name = agent ? agent->name : call.names[0], actor = call.actor()](
               const catalog::State& state) { return catalog::ban_agent(state, actor, crypto::to_hex(uid), name); },
           [this, uid] {
               parts_.fleet.forget(uid);
               return std::string("{}");
           },
           std::move(respond));
}

}  // namespace center::api
