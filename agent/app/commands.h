// The commands that are not the daemon. Each returns its exit code and prints for people, errors to stderr.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "agent/admin/checkpoint_commands.h"
#include "common/base/result.h"
#include "common/net/http_server.h"

namespace agent::app {

// Where the running daemon is: `socket` if it is given, else what the config file says.
struct DaemonAddress {
    std::filesystem::path config_file;
    std::string socket;
};

constexpr std::chrono::milliseconds kAnswerTimeMax{10'000};

// What the running daemon answers. Errors: it does not run, or what it says.
base::Result<std::string> call_daemon(const DaemonAddress& daemon, const net::HttpRequest& request,
                                      std::chrono::milliseconds timeout = kAnswerTimeMax);
// Says why that failed. The exit code: 2 if it is the config file, which should say where the daemon is; else 1.
int fail_to_call(const DaemonAddress& daemon, const base::Error& error);

int check_config(const std::filesystem::path& config_file);    // 0 ok, 2 every error at once
int show_status(const DaemonAddress& daemon, bool json);       // 0 healthy, 3 degraded, 1 not running, 2 bad config
int list_checkpoints(const DaemonAddress& daemon, bool json);  // 0 or 1
int change_checkpoint(const DaemonAddress& daemon, const admin::CheckpointChange& change);  // 0 or 1
int show_version();

}  // namespace agent::app
