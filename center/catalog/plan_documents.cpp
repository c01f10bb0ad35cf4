#include <algorithm>

#include <fmt/format.h>

#include "center/catalog/codec.h"
#include "center/catalog/plans.h"
#include "center/catalog/validate.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace center::catalog {

namespace {

using Kind = Refusal::Kind;
using model::DocumentKind;

// Who has it now, for people; "": nobody.
std::string user_of(const State& state, DocumentKind kind, const std::string& name) {
    const auto has = [&](const model::Assignment& assignment) {
        return (kind == DocumentKind::pipeline ? assignment.pipelines : assignment.clusters).contains(name);
    };
    for (const auto& [group, value] : state.groups)
        if (kind == DocumentKind::pipeline && std::ranges::find(value.pipelines, name) != value.pipelines.end())
            return "group " + group;
    for (const auto& [group, placement] : state.placements) {
        if (placement.base && has(*placement.base)) return fmt::format("group {} (by its last rollout)", group);
        for (const auto id : placement.layers)
            if (const auto rollout = state.rollouts.find(id);
                rollout != state.rollouts.end() && has(rollout->second.target))
                return fmt::format("rollout {} of group {}", id, group);
    }
    if (kind == DocumentKind::cluster)
        for (const auto& [pipeline, document] : state.pipelines)
            if (const auto* newest = document.newest(); newest && cluster_of(state, *newest->body) == name)
                return "pipeline " + pipeline;
    return "";
}

}  // namespace

Planned put_document(const State& state, const Actor& actor, DocumentKind kind, const std::string& name,
                     const std::string& given) {
    if (given.size() > kDocumentBytesMax)
        return refuse(Kind::bad,
                      fmt::format("the {} is too large (at most {} bytes)", model::word_of(kind), kDocumentBytesMax));
    auto body = given;
    if (kind == DocumentKind::cluster) {
        auto normal = normal_cluster(name, given);
        if (!normal) return std::unexpected(normal.error());
        body = std::move(*normal);
    } else if (auto refusal = check_pipeline(state, name, given)) {
        return std::unexpected(std::move(*refusal));
    }
    const auto& documents = state.documents(kind);
    const auto found = documents.find(name);
    if (found == documents.end() && documents.size() >= kDocumentsMax)
        return refuse(Kind::conflict, fmt::format("there are {} already, which is the limit", kDocumentsMax));
    const auto hash = crypto::to_hex(crypto::sha256(body));
    const auto* newest = found == documents.end() ? nullptr : found->second.newest();
    if (newest && newest->hash == hash) return store::Batch{};
    const auto number = found == documents.end() ? 1 : found->second.revisions.size() + 1;
    store::Batch batch;
    if (!state.bodies.contains(hash)) batch.push_back({"body/" + hash, body});
    batch.push_back({key_of(kind, name), encode_document(false)});
    batch.push_back({fmt::format("revision/{}/{:010}", key_of(kind, name), number),
                     encode_revision({.hash = hash, .at = actor.now, .by = actor.name})});
    batch.push_back(audit(actor, {.action = kind == DocumentKind::pipeline ? "pipeline.put" : "cluster.put",
                                  .target = name,
                                  .detail = fmt::format("revision {}", number)}));
    return batch;
}

Planned delete_document(const State& state, const Actor& actor, DocumentKind kind, const std::string& name) {
    if (!state.newest(kind, name)) return refuse(Kind::missing, fmt::format("there is no {} {}", word_of(kind), name));
    if (const auto user = user_of(state, kind, name); !user.empty())
        return refuse(Kind::conflict, fmt::format("{} {} is in use by {}", word_of(kind), name, user));
    return store::Batch{{key_of(kind, name), encode_document(true)},
                        audit(actor, {.action = kind == DocumentKind::pipeline ? "pipeline.delete" : "cluster.delete",
                                      .target = name})};
}

}  // namespace center::catalog
