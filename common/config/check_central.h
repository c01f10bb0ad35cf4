// What a central config may not do, though the host's own file may.
#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace config {

// Of one pipeline on its host: what it reads lies in agent.allow_paths, what a file sink writes in
// agent.allow_sink_paths.
void check_paths(const Value& pipeline, const AgentConfig& agent, Problems& problems);

// Of [clusters.NAME]: properties by which librdkafka would open files, run programs or load code are refused, and
// broken afterwards, so that nobody tries them.
void check_properties(Value& clusters, Problems& problems);

}  // namespace config
