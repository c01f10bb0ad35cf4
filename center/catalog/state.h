// All that the center knows durably, as values in memory: what the store's entries say, and nothing besides.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "center/model/document.h"
#include "center/model/group.h"
#include "center/model/rollout.h"
#include "center/model/token.h"
#include "center/store/store.h"
#include "common/base/result.h"

namespace center::catalog {

// Keys of the store, each readable by itself:
//
//   body/HASH                     the text of a revision, by its SHA-256
//   pipeline/NAME, cluster/NAME   {"deleted"}
//   revision/KIND/NAME/NUMBER     {"hash", "at", "by"}
//   group/NAME                    {"selector", "pipelines"}
//   placement/NAME                {"base", "layers"}
//   rollout/NUMBER                all of it
//   token/ID                      all of it, but the secret
//   offered/HASH                  {"at"}: configs that this center has offered, so that it may take them away again
//   banned/UID                    {"at"}: credentials of this agent from before then are refused
//   audit/NUMBER                  written, and read for show; not kept in memory
//   center/secret                 with which agents' credentials are made
struct State {
    std::map<std::string, model::Document> pipelines;
    std::map<std::string, model::Document> clusters;
    std::map<std::string, model::Group> groups;
    std::map<std::string, model::Placement> placements;
    std::map<std::uint64_t, model::Rollout> rollouts;
    std::map<std::string, model::Token> tokens;
    std::unordered_map<std::string, model::TimeMs> offered;  // by the hash's bytes
    std::unordered_map<std::string, model::TimeMs> banned;   // by the uid in hex
    std::unordered_map<std::string, std::shared_ptr<const std::string>> bodies;
    std::string secret;

    store::Revision revision = 0;
    std::uint64_t placing = 0;  // grows when what any agent should run may have changed

    const std::map<std::string, model::Document>& documents(model::DocumentKind kind) const {
        return kind == model::DocumentKind::pipeline ? pipelines : clusters;
    }
    const model::Revision* newest(model::DocumentKind kind, const std::string& name) const;
    const model::Rollout* active_rollout(const std::string& group) const;
};

// Takes one change in. Errors: a value that cannot be read, with its key.
base::Result<void> apply(State& state, std::string_view key, const std::optional<std::string>& value);

// Whom a group means: those that its selector matches, or everybody who is asked about (agents that are confined to
// it).
enum class Whom : std::uint8_t { matching, everybody };

// What a group assigns to an agent; none: nothing, or it is not one of the group's.
const model::Assignment* assigned(const State& state, const model::Placement& placement, std::uint32_t bucket,
                                  const model::Labels& labels, Whom whom = Whom::matching);

}  // namespace center::catalog
