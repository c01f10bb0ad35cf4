// Stored bytes are a checkpoint, which is written as it was read, or an error. The checksum is made right, or no
// damage would get behind it.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <xxhash.h>

#include "agent/checkpoint/checkpoint_codec.h"
#include "common/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace agent::checkpoint;
    std::string value(reinterpret_cast<const char*>(data), size);
    if (const auto key = decode_key(value)) AGENT_ASSERT(encode_key(key->pipeline, key->file) == value);
    const auto checksum = static_cast<std::uint32_t>(XXH3_64bits(value.data(), value.size()));
    value.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
    const auto checkpoint = decode_value({}, value);
    if (checkpoint && static_cast<std::uint8_t>(value[0]) == kCodecVersion)
        AGENT_ASSERT(encode_value(*checkpoint) == value);
    return 0;
}
