// OpAMP's messages ↔ the bytes on the wire (protobuf).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/opamp/messages.h"

namespace opamp {

constexpr std::string_view kContentType = "application/x-protobuf";

// Of a message as it is sent, and once it is inflated. What is larger is refused unread.
constexpr std::size_t kBodyBytesMax = 4ULL << 20;
constexpr std::size_t kInflatedBytesMax = 16ULL << 20;
static_assert(kBodyBytesMax <= kInflatedBytesMax);

// Text that is not UTF-8 gets U+FFFD in place of what is not: protobuf would refuse it on the other side.
std::string encode(const AgentToServer& message);
std::string encode(const ServerToAgent& message);

// Errors: bytes that are no such message, or more than kInflatedBytesMax. What a message has beyond ours is skipped.
base::Result<AgentToServer> decode_agent_to_server(std::string_view bytes);
base::Result<ServerToAgent> decode_server_to_agent(std::string_view bytes);

}  // namespace opamp
