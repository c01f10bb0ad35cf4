// The bytes that a record becomes.
#pragma once

#include <string>
#include <string_view>

#include "agent/deliver/sink.h"
#include "agent/deliver/sink_context.h"
#include "agent/model/extent.h"

namespace agent::deliver {

// Replaces the extent's records by JSON objects in its arena:
//   {"time":"2026-11-21T07:22:01.123Z","host":…,"path":…,"pipeline":…,"offset":17,"line":…,"fields":{}}
// `time` is when the line was read, in UTC. What is not UTF-8 in a line becomes U+FFFD.
void encode_json(model::Extent& extent, const SinkContext& context, const FileContext& file);

// "2026-11-21T07:22:01.123Z", now.
std::string utc_now();

// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace agent::deliver
