#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "center/catalog/codec.h"
#include "center/catalog/conflict.h"
#include "center/catalog/plans.h"
#include "center/catalog/validate.h"
#include "center/rollout/bucket.h"

namespace center::catalog {

namespace {

using Kind = Refusal::Kind;
using model::RolloutState;

std::expected<model::Assignment, Refusal> target_of(const State& state, const model::Group& group,
                                                    const RolloutWish& wish) {
    model::Assignment target{.selector = group.selector};
    std::vector<Detail> details;
    for (const auto& [name, revision] : wish.revisions)
        if (std::ranges::find(group.pipelines, name) == group.pipelines.end())
            details.push_back(
                {.key = "revisions." + name, .message = fmt::format("group {} has no pipeline {}", group.name, name)});
    for (const auto& name : group.pipelines) {
        const auto& document = state.pipelines.at(name);
        const auto wished = wish.revisions.find(name);
        const auto* revision = wished == wish.revisions.end() ? document.newest() : document.find(wished->second);
        if (!revision) {
            details.push_back({.key = "revisions." + name, .message = "there is no such revision"});
            continue;
        }
        target.pipelines.emplace(name, revision->number);
        const auto cluster = cluster_of(state, *revision->body);
        if (const auto* newest = state.newest(model::DocumentKind::cluster, cluster))
            target.clusters.emplace(cluster, newest->number);
    }
    if (!details.empty()) return refuse(Kind::bad, "the rollout is not valid", std::move(details));
    return target;
}

// What everybody in the group would get if nothing were under way.
std::optional<model::Assignment> settled(const State& state, const model::Placement& placement) {
    for (const auto layer : std::views::reverse(placement.layers))
        if (const auto rollout = state.rollouts.find(layer);
            rollout != state.rollouts.end() && rollout->second.state == RolloutState::done)
            return rollout->second.target;
    return placement.base;
}

void forget_old(const State& state, store::Batch& batch) {
    auto count = state.rollouts.size();
    for (const auto& [id, rollout] : state.rollouts) {
        if (count < kRolloutsMax) return;
        const auto placement = state.placements.find(rollout.group);
        const bool is_used = placement != state.placements.end() &&
                             std::ranges::find(placement->second.layers, id) != placement->second.layers.end();
        if (rollout.is_active() || is_used) continue;
        batch.push_back({rollout_key(id), std::nullopt});
        --count;
    }
}

bool reaches_everybody(const model::Rollout& rollout) {
    const auto& stage = rollout.stages.at(rollout.stage);
    return !stage.selector && stage.share == rollout::kBuckets;
}

// Layers below one that reaches the same agents, and all of them, are nobody's any more.
void drop_hidden(const State& state, std::vector<std::uint64_t>& layers) {
    for (auto top = layers.rbegin(); top != layers.rend(); ++top) {
        const auto& above = state.rollouts.at(*top);
        if (!reaches_everybody(above)) continue;
        const auto is_hidden = [&](std::uint64_t id) {
            return id < above.id && state.rollouts.at(id).target.selector == above.target.selector;
        };
        std::erase_if(layers, is_hidden);
        return;
    }
}

// "pipeline p", one that an assignment has and that is there no more; "": none.
std::string deleted_of(const State& state, const model::Assignment& assignment) {
    using model::DocumentKind;
    for (const auto& [name, revision] : assignment.pipelines)
        if (!state.newest(DocumentKind::pipeline, name)) return "pipeline " + name;
    for (const auto& [name, revision] : assignment.clusters)
        if (!state.newest(DocumentKind::cluster, name)) return "cluster " + name;
    return "";
}

// The newest rollout of a group that has given anything to anybody.
const model::Rollout* newest_of(const State& state, const std::string& group) {
    for (const auto& [id, rollout] : std::views::reverse(state.rollouts))
        if (rollout.group == group && rollout.state != RolloutState::reverted) return &rollout;
    return nullptr;
}

// What its group has without this rollout.
std::optional<Refusal> take_back(const State& state, const model::Rollout& rollout, model::Placement& placement) {
    if (const auto* newest = newest_of(state, rollout.group); newest != &rollout)
        return Refusal{Kind::conflict,
                       fmt::format("rollout {} of group {} came after it (revert that one first, or start a rollout "
                                   "with the revisions you want)",
                                   newest->id, rollout.group),
                       {}};
    // Where nothing was assigned before, nothing is assigned again, so that agents let go of what they have.
    const model::Assignment nothing{.selector = rollout.target.selector, .pipelines = {}, .clusters = {}};
    std::erase(placement.layers, rollout.id);
    if (rollout.state != RolloutState::done) {
        if (!placement.base && placement.layers.empty()) placement.base = nothing;
        return std::nullopt;
    }
    placement.base = rollout.before.value_or(nothing);
    if (const auto gone = deleted_of(state, *placement.base); !gone.empty())
        return Refusal{Kind::conflict,
                       fmt::format("cannot revert rollout {}: {} was deleted since (put it again, or start a rollout "
                                   "with the revisions you want)",
                                   rollout.id, gone),
                       {}};
    model::Group again{.name = rollout.group, .selector = placement.base->selector, .pipelines = {}};
    for (const auto& [name, revision] : placement.base->pipelines) again.pipelines.push_back(name);
    return conflict_of(state, again);
}

}  // namespace

std::uint64_t next_rollout(const State& state) {
    return state.rollouts.empty() ? 1 : state.rollouts.rbegin()->first + 1;
}

Planned start_rollout(const State& state, const Actor& actor, const RolloutWish& wish) {
    const auto group = state.groups.find(wish.group);
    if (group == state.groups.end())
        return refuse(Kind::bad, "the rollout is not valid",
                      {{.key = "group", .message = fmt::format("there is no group {}", wish.group)}});
    if (const auto why = rollout::check_stages(wish.stages))
        return refuse(Kind::bad, "the rollout is not valid", {{.key = "stages", .message = *why}});
    if (const auto why = rollout::check_gate(wish.gate))
        return refuse(Kind::bad, "the rollout is not valid", {{.key = "gate", .message = *why}});
    if (const auto* active = state.active_rollout(wish.group))
        return refuse(Kind::conflict, fmt::format("group {} has rollout {} already, which is {} (abort or revert it "
                                                  "first)",
                                                  wish.group, active->id, word_of(active->state)));
    auto target = target_of(state, group->second, wish);
    if (!target) return std::unexpected(std::move(target.error()));
    const auto found = state.placements.find(wish.group);
    auto placement = found == state.placements.end() ? model::Placement{} : found->second;
    if (placement.layers.size() >= kLayersMax) drop_hidden(state, placement.layers);
    if (placement.layers.size() >= kLayersMax)
        return refuse(Kind::conflict, fmt::format("group {} has {} aborted rollouts above each other (revert one)",
                                                  wish.group, placement.layers.size()));
    const model::Rollout rollout{.id = next_rollout(state),
                                 .group = wish.group,
                                 .before = settled(state, placement),
                                 .target = std::move(*target),
                                 .stages = wish.stages,
                                 .gate = wish.gate,
                                 .stage_since = actor.now,
                                 .started_at = actor.now,
                                 .started_by = actor.name};
    placement.layers.push_back(rollout.id);
    std::string revisions;
    for (const auto& [name, revision] : rollout.target.pipelines) revisions += fmt::format(" {}@{}", name, revision);
    store::Batch batch{{rollout_key(rollout.id), encode(rollout)},
                       {placement_key(wish.group), encode(placement)},
                       audit(actor, {.action = "rollout.start",
                                     .target = std::to_string(rollout.id),
                                     .detail = fmt::format("group {}:{}", wish.group,
                                                           revisions.empty() ? " no pipelines" : revisions)})};
    forget_old(state, batch);
    return batch;
}

Planned move_rollout(const State& state, const Actor& actor, const model::Rollout& next, std::string_view action) {
    const auto found = state.rollouts.find(next.id);
    if (found == state.rollouts.end()) return refuse(Kind::missing, fmt::format("there is no rollout {}", next.id));
    const auto placed = state.placements.find(next.group);
    if (placed == state.placements.end())
        return refuse(Kind::conflict, fmt::format("group {} of rollout {} was deleted: nobody has anything of it",
                                                  next.group, next.id));
    store::Batch batch{
        {rollout_key(next.id), encode(next)},
        audit(actor, {.action = action,
                      .target = std::to_string(next.id),
                      .detail = next.reason.empty() ? fmt::format("stage {} of {}", next.stage + 1, next.stages.size())
                                                    : next.reason})};
    auto placement = placed->second;
    if (next.state == RolloutState::done) {
        placement = {.base = next.target};  // everybody has it: what lies below is nobody's any more
    } else if (next.state == RolloutState::reverted) {
        if (auto refusal = take_back(state, found->second, placement)) return std::unexpected(std::move(*refusal));
    }
    if (placement != placed->second) batch.push_back({placement_key(next.group), encode(placement)});
    return batch;
}

}  // namespace center::catalog
