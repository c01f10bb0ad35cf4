#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "center/catalog/codec.h"
#include "center/catalog/conflict.h"
#include "center/catalog/plans.h"

namespace center::catalog {

namespace {

using Kind = Refusal::Kind;

// Pipelines that a group brings to agents, with whom it brings them to: as it is written, and as it is rolled out.
struct Claim {
    model::Selector selector;
    std::set<std::string> pipelines;
    const char* how;
};

Claim claim_of(const model::Assignment& assignment, const char* how) {
    Claim claim{.selector = assignment.selector, .how = how};
    for (const auto& [name, revision] : assignment.pipelines) claim.pipelines.insert(name);
    return claim;
}

std::vector<Claim> claims_of(const State& state, const std::string& group) {
    std::vector<Claim> claims;
    if (const auto found = state.groups.find(group); found != state.groups.end())
        claims.push_back(
            {found->second.selector, {found->second.pipelines.begin(), found->second.pipelines.end()}, ""});
    const auto placement = state.placements.find(group);
    if (placement == state.placements.end()) return claims;
    if (placement->second.base) claims.push_back(claim_of(*placement->second.base, " as it was rolled out"));
    for (const auto id : placement->second.layers)
        if (const auto rollout = state.rollouts.find(id); rollout != state.rollouts.end())
            claims.push_back(claim_of(rollout->second.target, " as it is being rolled out"));
    return claims;
}

}  // namespace

std::optional<Refusal> conflict_of(const State& state, const model::Group& group) {
    for (const auto& [other, written] : state.groups) {
        if (other == group.name) continue;
        for (const auto& claim : claims_of(state, other))
            for (const auto& pipeline : group.pipelines)
                if (claim.pipelines.contains(pipeline) &&
                    !model::Selector::are_disjoint(group.selector, claim.selector))
                    return Refusal{
                        Kind::bad,
                        fmt::format("groups {} and {} conflict: both carry pipeline {}, and an agent may be in both",
                                    group.name, other, pipeline),
                        {{.key = "selector",
                          .message = fmt::format(
                              "{} and {} of group {}{} do not exclude each other (let a label differ: "
                              "app = \"a\" here and app != \"a\" there)",
                              group.selector.text().empty() ? "everybody" : group.selector.text(),
                              claim.selector.text().empty() ? "everybody" : claim.selector.text(), other, claim.how)}}};
    }
    return std::nullopt;
}

Planned put_group(const State& state, const Actor& actor, const model::Group& group) {
    if (group.pipelines.size() > kPipelinesOfGroupMax)
        return refuse(Kind::bad, fmt::format("a group has at most {} pipelines", kPipelinesOfGroupMax));
    const auto found = state.groups.find(group.name);
    if (found == state.groups.end() && state.groups.size() >= kGroupsMax)
        return refuse(Kind::conflict, fmt::format("there are {} groups already, which is the limit", kGroupsMax));
    std::vector<Detail> details;
    for (const auto& name : group.pipelines)
        if (!state.newest(model::DocumentKind::pipeline, name))
            details.push_back({.key = "pipelines", .message = fmt::format("there is no pipeline {}", name)});
    if (!details.empty()) return refuse(Kind::bad, "the group is not valid", std::move(details));
    if (auto conflict = conflict_of(state, group)) return std::unexpected(std::move(*conflict));
    const auto value = encode(group);
    if (found != state.groups.end() && encode(found->second) == value) return store::Batch{};
    return store::Batch{
        {group_key(group.name), value},
        audit(actor, {.action = "group.put",
                      .target = group.name,
                      .detail = fmt::format("selector {}; {} pipelines",
                                            group.selector.text().empty() ? "everybody" : group.selector.text(),
                                            group.pipelines.size())})};
}

Planned delete_group(const State& state, const Actor& actor, const std::string& name) {
    if (!state.groups.contains(name)) return refuse(Kind::missing, fmt::format("there is no group {}", name));
    for (const auto& [id, token] : state.tokens)
        if (token.group == name) return refuse(Kind::conflict, fmt::format("group {} is in use by token {}", name, id));
    const auto placement = state.placements.find(name);
    if (placement != state.placements.end()) {
        if (state.active_rollout(name)) return refuse(Kind::conflict, fmt::format("group {} has a rollout", name));
        const bool is_empty =
            placement->second.layers.empty() && (!placement->second.base || placement->second.base->pipelines.empty());
        if (!is_empty)
            return refuse(Kind::conflict,
                          fmt::format("group {} is in use: its agents run its pipelines (give it none, roll that out, "
                                      "then delete it)",
                                      name));
    }
    store::Batch batch{{group_key(name), std::nullopt}, audit(actor, {.action = "group.delete", .target = name})};
    if (placement != state.placements.end()) batch.push_back({placement_key(name), std::nullopt});
    return batch;
}

}  // namespace center::catalog
