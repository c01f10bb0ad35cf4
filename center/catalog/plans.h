// What operators may change: each a plan, made of the state as it is, that changes nothing itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "center/catalog/change.h"
#include "center/rollout/plan.h"

namespace center::catalog {

// Limits of what is kept.
constexpr std::size_t kDocumentBytesMax = 256ULL << 10;
constexpr std::size_t kDocumentsMax = 10'000;  // of each kind
constexpr std::size_t kGroupsMax = 2'000;
constexpr std::size_t kPipelinesOfGroupMax = 1'000;
constexpr std::size_t kTokensMax = 10'000;
constexpr std::size_t kBannedMax = 100'000;  // agents whose credentials are worthless
constexpr std::size_t kRolloutsMax = 2'000;  // the oldest ones that have ended are forgotten
constexpr std::size_t kLayersMax = 16;
constexpr std::size_t kOfferedMax = 20'000;

// An unchanged body is an empty batch.
Planned put_document(const State& state, const Actor& actor, model::DocumentKind kind, const std::string& name,
                     const std::string& body);
Planned delete_document(const State& state, const Actor& actor, model::DocumentKind kind, const std::string& name);

Planned put_group(const State& state, const Actor& actor, const model::Group& group);
Planned delete_group(const State& state, const Actor& actor, const std::string& name);

struct RolloutWish {
    std::string group;
    std::map<std::string, std::uint64_t> revisions;  // of pipelines; the newest where none is named
    std::vector<model::Stage> stages;
    model::Gate gate;
};
Planned start_rollout(const State& state, const Actor& actor, const RolloutWish& wish);
std::uint64_t next_rollout(const State& state);  // the id that start_rollout() gives

// A rollout that has gone on, by itself or because somebody said so. `action` is for the audit log: "rollout.pause".
Planned move_rollout(const State& state, const Actor& actor, const model::Rollout& next, std::string_view action);

Planned create_token(const State& state, const Actor& actor, const model::Token& token);
Planned delete_token(const State& state, const Actor& actor, const std::string& id);
Planned ban_agent(const State& state, const Actor& actor, const std::string& uid_hex, const std::string& name);

// Nothing that an operator did: no audit entry.
store::Batch remember_offered(const State& state, const std::string& hash, model::TimeMs now);
store::Batch count_uses(const State& state, const std::map<std::string, std::uint64_t>& uses_left);
store::Batch keep_secret(const std::string& secret);

}  // namespace center::catalog
