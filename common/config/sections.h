// The sections of the file, each read into its struct. The tree has been through check_keys(), so types are right;
// what is broken keeps its default, and is not complained about again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/config/load.h"
#include "common/config/problems.h"

namespace config {

AgentConfig read_agent(const Value& root, Problems& problems);
LogConfig read_log(const Value& root);
std::optional<CenterConfig> read_center(const Value& root, Problems& problems);
ClusterConfig read_cluster(const Value& table, const PropertyCheck& check, Problems& problems);
std::map<std::string, ClusterConfig> read_clusters(const Value& root, const PropertyCheck& check, Problems& problems);

// What pipelines lean on: `config` has its agent and its clusters already.
std::vector<PipelineConfig> read_pipelines(const Value& root, const Config& config, Problems& problems);
std::vector<process::ProcessorOptions> read_processors(const Value& pipeline, const Labels& labels, Problems& problems);
SinkConfig read_sink(const Value& pipeline, const PipelineConfig& read_so_far, const Config& config,
                     Problems& problems);

}  // namespace config
