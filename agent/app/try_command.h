// `venus-agent try`: what a pipeline makes of some lines.
#pragma once

#include <filesystem>
#include <string>

namespace agent::app {

struct TryOptions {
    std::filesystem::path config_file;
    std::string pipeline;
    std::string file;    // "" or "-": stdin
    bool trace = false;  // each processor's record, before and after
};

// Prints each record that is kept as one JSON line, and on stderr what became of how many. Touches no checkpoint and no
// sink. 0, or 2: bad config, no such pipeline, a file that cannot be read.
int try_pipeline(const TryOptions& options);

}  // namespace agent::app
