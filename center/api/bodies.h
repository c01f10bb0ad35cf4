// What operators send as JSON. Every fault has its place: the member's name, or the line and column of the syntax.
#pragma once

#include <expected>
#include <string>

#include "center/catalog/change.h"
#include "center/catalog/plans.h"
#include "center/model/group.h"
#include "center/model/token.h"

namespace center::api {

template <typename T>
using Body = std::expected<T, catalog::Refusal>;

Body<model::Group> group_of(const std::string& name, const std::string& json);
Body<catalog::RolloutWish> rollout_of(const std::string& json);

// Without id and secret. `expires` is a duration from now on ("24h") or Unix time in seconds.
Body<model::Token> token_of(const std::string& json, model::TimeMs now);

}  // namespace center::api
