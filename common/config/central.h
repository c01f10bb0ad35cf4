// What a center sends: files of TOML, each a pipeline or some tables as the agent's own file has them.
//
// A file has one of two forms: one pipeline at its top (`name`, `source`, `sink`, …), or `[[pipelines]]` and
// `[clusters.NAME]`. Nothing else of a host can be set from afar.
#pragma once

#include <expected>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/config/load.h"

namespace config {

struct CentralFile {
    std::string name;
    std::string body;
};

struct CentralConfig {
    std::map<std::string, ClusterConfig> clusters;
    std::vector<PipelineConfig> pipelines;

    friend bool operator==(const CentralConfig&, const CentralConfig&) = default;
};

struct FileProblem {
    std::string file;
    Problem problem;

    friend bool operator==(const FileProblem&, const FileProblem&) = default;
};

enum class Where {
    host,   // secrets come from agent.secrets_dir, paths must lie where the host allows it, labels are the host's
    center  // secrets stay references, paths and labels are the hosts' business
};

// What the files meet where they are read.
struct CentralScope {
    Where where = Where::host;
    AgentConfig agent = {};                              // at the host
    std::map<std::string, ClusterConfig> clusters = {};  // defined elsewhere; they win over the files'
    std::set<std::string> pipelines = {};                // names that are taken already
    PropertyCheck check = {};
};

// All problems of all files, in their order. Reads secrets; blocks.
std::expected<CentralConfig, std::vector<FileProblem>> read_central(std::span<const CentralFile> files,
                                                                    const CentralScope& scope);

// Whether all that `glob` can match, `allowed` matches too. Where that is hard to tell: no.
bool is_within(std::string_view glob, std::string_view allowed);

}  // namespace config
