// Any bytes are a body of the API, or something is said to be wrong with them; what matches is not disjoint with
// itself.
#include <cstddef>
#include <cstdint>
#include <string>

#include "center/api/bodies.h"
#include "center/model/selector.h"
#include "common/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto check = [](const auto& body) { AGENT_ASSERT(body || !body.error().error.empty()); };
    check(center::api::group_of("group", text));
    check(center::api::rollout_of(text));
    check(center::api::token_of(text, 1000));
    if (const auto selector = center::model::Selector::parse(text); selector && selector->matches({}))
        AGENT_ASSERT(!center::model::Selector::are_disjoint(*selector, *selector));
    return 0;
}
