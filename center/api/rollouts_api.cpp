#include <array>
#include <charconv>
#include <optional>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "center/api/api.h"
#include "center/api/bodies.h"
#include "center/api/views.h"
#include "center/catalog/plans.h"
#include "center/rollout/plan.h"

namespace center::api {

namespace {

constexpr std::size_t kListedMax = 200;

const model::Rollout* find(const catalog::State& state, std::string_view id) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc{} || end != id.data() + id.size()) return nullptr;
    const auto found = state.rollouts.find(number);
    return found == state.rollouts.end() ? nullptr : &found->second;
}

std::optional<rollout::Command> command_of(std::string_view word) {
    constexpr std::array<std::string_view, 4> kWords = {"pause", "resume", "abort", "revert"};
    for (std::size_t i = 0; i < kWords.size(); ++i)
        if (kWords.at(i) == word) return static_cast<rollout::Command>(i);
    return std::nullopt;
}

}  // namespace

std::string Api::show_rollout(std::uint64_t id) {
    const auto& rollout = parts_.catalog.state().rollouts.at(id);
    return rollout_json(rollout, rollout.is_active() ? parts_.rollouts.facts(rollout).counts() : rollout.counts);
}

void Api::list_rollouts(const Call& call, net::HttpRespond respond) {
    const auto group = call.query.find("group");
    std::vector<std::string> items;
    for (const auto& [id, rollout] : std::views::reverse(parts_.catalog.state().rollouts)) {
        if (group != call.query.end() && rollout.group != group->second) continue;
        if (items.size() == kListedMax) break;
        items.push_back(show_rollout(id));
    }
    respond(json_response(list_json(items)));
}

void Api::get_rollout(const Call& call, net::HttpRespond respond) {
    const auto* rollout = find(parts_.catalog.state(), call.names[0]);
    respond(rollout ? json_response(show_rollout(rollout->id))
                    : error_response(404, fmt::format("there is no rollout {}", call.names[0])));
}

void Api::start_rollout(const Call& call, net::HttpRespond respond) {
    auto wish = rollout_of(call.request.body);
    if (!wish) return respond(error_response(wish.error()));
    auto id = std::make_shared<std::uint64_t>(0);
    change(
        [id, wish = *wish, actor = call.actor()](const catalog::State& state) {
            *id = catalog::next_rollout(state);
            return catalog::start_rollout(state, actor, wish);
        },
        [this, id] { return show_rollout(*id); }, std::move(respond), 201);
}

void Api::command_rollout(const Call& call, net::HttpRespond respond) {
    const auto* rollout = find(parts_.catalog.state(), call.names[0]);
    const auto command = command_of(call.names[1]);
    if (!rollout || !command)
        return respond(error_response(404, command ? fmt::format("there is no rollout {}", call.names[0])
                                                   : "no such page (one of: pause resume abort revert)"));
    const auto id = rollout->id;
    change(
        [this, id, command = *command, actor = call.actor(),
         action = "rollout." + call.names[1]](const catalog::State& state) -> catalog::Planned {
            const auto found = state.rollouts.find(id);
            if (found == state.rollouts.end())
                return catalog::refuse(catalog::Refusal::Kind::missing, fmt::format("there is no rollout {}", id));
            const auto facts = parts_.rollouts.facts(found->second);
            auto next = rollout::obey(found->second, command, actor.name, facts, actor.now);
            if (!next) return catalog::refuse(catalog::Refusal::Kind::conflict, next.error().message);
            if (!found->second.is_active()) next->counts = found->second.counts;
            return catalog::move_rollout(state, actor, *next, action);
        },
        [this, id] { return show_rollout(id); }, std::move(respond));
}

}  // namespace center::api
