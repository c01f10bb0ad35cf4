// Any bytes are a message, which goes through the wire unchanged, or an error; so is what a gzip stream holds, up to
// its bound.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/assert.h"
#include "common/net/gzip.h"
#include "common/opamp/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kInflatedMax = 1ULL << 16;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto message = opamp::decode_agent_to_server(bytes)) {
        const auto again = opamp::decode_agent_to_server(opamp::encode(*message));
        AGENT_ASSERT(again && *again == *message);
    }
    if (const auto message = opamp::decode_server_to_agent(bytes)) {
        const auto again = opamp::decode_server_to_agent(opamp::encode(*message));
        AGENT_ASSERT(again && *again == *message);
    }
    if (const auto inflated = net::gunzip(bytes, kInflatedMax)) {
        AGENT_ASSERT(inflated->size() <= kInflatedMax);
        AGENT_ASSERT(net::gunzip(net::gzip(*inflated), kInflatedMax) == *inflated);
    }
    return 0;
}
