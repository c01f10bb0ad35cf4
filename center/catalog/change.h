// One change of what the center keeps, as it is planned: refused, or a batch for the store with its audit entry.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "center/catalog/state.h"
#include "center/model/token.h"
#include "center/store/store.h"

namespace center::catalog {

struct Detail {
    std::uint32_t line = 0;  // from 1; 0: none
    std::uint32_t column = 0;
    std::string key;
    std::string message;
};

// Why something was not done, for whoever asked.
struct Refusal {
    enum class Kind : std::uint8_t { bad, missing, conflict, unavailable };

    Kind kind = Kind::bad;
    std::string error;
    std::vector<Detail> details = {};
};

struct Actor {
    std::string name;
    model::TimeMs now = 0;
};

using Planned = std::expected<store::Batch, Refusal>;

// What an operator did, for the audit log.
struct Deed {
    std::string_view action;  // "pipeline.put"
    std::string target;
    std::string detail = {};
};

// The entry's number comes when the batch is written: Catalog::change() fills it in.
store::Write audit(const Actor& actor, Deed deed);

std::string key_of(model::DocumentKind kind, const std::string& name);
std::string group_key(const std::string& name);
std::string placement_key(const std::string& name);
std::string rollout_key(std::uint64_t id);
std::string token_key(const std::string& id);
std::string audit_key(std::uint64_t number);

inline std::unexpected<Refusal> refuse(Refusal::Kind kind, std::string error, std::vector<Detail> details = {}) {
    return std::unexpected(Refusal{kind, std::move(error), std::move(details)});
}

}  // namespace center::catalog
