#pragma once

#include <optional>

#include "center/catalog/change.h"
#include "center/catalog/state.h"
#include "center/model/group.h"

namespace center::catalog {

// Two groups that bring an agent the same pipeline would each mean another revision of it: why `group` may not be as it
// is, beside what the others have and were given.
std::optional<Refusal> conflict_of(const State& state, const model::Group& group);

}  // namespace center::catalog
