#include "agent/model/fingerprint.h"

#include <xxhash.h>

#include "common/base/assert.h"

namespace agent::model {

Fingerprint Fingerprint::of(std::string_view bytes) {
    AGENT_ASSERT(bytes.size() <= kBytesMax);
    if (bytes.empty()) return {};
    return {.length = static_cast<std::uint32_t>(bytes.size()), .hash = XXH3_64bits(bytes.data(), bytes.size())};
}

bool Fingerprint::matches(std::string_view bytes) const {
    return bytes.size() == length && of(bytes) == *this;
}

}  // namespace agent::model
