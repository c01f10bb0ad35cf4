#pragma once

#include <filesystem>

namespace agent::app {

// `venus-agent run`: wires the parts, runs the control thread, ends in order. Returns the exit code: 0 after a clean
// SIGTERM or SIGINT, 1 on a runtime failure, 2 on bad config.
int run_daemon(const std::filesystem::path& config_file);

}  // namespace agent::app
