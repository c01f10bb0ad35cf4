// From a pipeline's config to its stages: the only place that names concrete ones.
#pragma once

#include <memory>
#include <string>

#include "agent/pipeline/pipeline.h"
#include "agent/pipeline/shard.h"
#include "common/base/result.h"
#include "common/config/config.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace agent::pipeline {

// What all pipelines of this agent have in common.
struct AgentContext {
    config::Labels labels;
    std::string host;
    std::string session;
};

// A pipeline that is ready to be added to `shard`; its cluster is made if it is the first one. Thread: the shard's.
// Errors: the cluster's producer cannot be made.
base::Result<std::unique_ptr<Pipeline>> build_pipeline(const config::PipelineConfig& config,
                                                       const config::ClusterConfig* cluster,
                                                       const AgentContext& context, Shard& shard,
                                                       telemetry::Registry& registry, telemetry::Log& log);

}  // namespace agent::pipeline
