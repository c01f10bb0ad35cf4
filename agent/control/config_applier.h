// From a changed local file to what runs.
#pragma once

#include <filesystem>
#include <string>

#include "agent/pipeline/pipeline_set.h"
#include "common/config/config.h"
#include "common/telemetry/log.h"

namespace agent::control {

// Applies the local config: at start, and again on reload. A broken file changes nothing: what runs, runs on.
//
// Thread: the control thread. Reads the file there: it is small, and local.
class ConfigApplier {
 public:
    ConfigApplier(std::filesystem::path file, config::Config initial, pipeline::PipelineSet& pipelines,
                  telemetry::Log& log)
        : file_(std::move(file)), effective_(std::move(initial)), pipelines_(pipelines), log_(log) {}

    void apply_initial(base::Task applied);
    void reload(base::Task applied);

    const config::Config& effective() const { return effective_; }
    const std::filesystem::path& file() const { return file_; }
    // Why the last reload was refused; "": it was not.
    const std::string& refused() const { return refused_; }

 private:
    void keep_what_needs_a_restart(config::AgentConfig& agent);

    std::filesystem::path file_;
    config::Config effective_;
    pipeline::PipelineSet& pipelines_;
    telemetry::Log& log_;
    std::string refused_;
};

}  // namespace agent::control
