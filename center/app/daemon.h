#pragma once

#include "center/app/config.h"

namespace center::app {

// Runs the center until SIGTERM or SIGINT; the exit code of the process.
int run_center(const CenterConfig& config, const char* version);

}  // namespace center::app
