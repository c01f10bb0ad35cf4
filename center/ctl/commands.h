// The commands of venusctl. Each prints for people, or with `json` what the center answered, and returns its exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "center/ctl/api_client.h"

namespace center::ctl {

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;   // the center refused it, or is not to be reached; a rollout that went wrong
constexpr int kExitBadInput = 2;  // of the command line, or of a file

struct Output {
    bool json = false;
    bool watch = false;  // again and again, until it has ended or Ctrl-C
};

// --- files ---
struct ApplyOptions {
    std::string path;      // a file or a folder
    bool dry_run = false;  // show the plan only
    bool prune = false;    // delete what the center has and the folder has not
};
int apply(ApiClient& center, const ApplyOptions& options, const Output& output);
int diff_files(ApiClient& center, const std::string& path, const Output& output);
int diff_revisions(ApiClient& center, const std::string& pipeline, std::optional<std::uint64_t> from,
                   std::optional<std::uint64_t> to, const Output& output);

// --- what the center has ---
int get(ApiClient& center, const std::string& kind, const std::string& name, const Output& output);
int remove(ApiClient& center, const std::string& kind, const std::string& name, const Output& output);
int list_agents(ApiClient& center, const Output& output);
int show_agent(ApiClient& center, const std::string& name, const Output& output);
int retry_agent(ApiClient& center, const std::string& name, const Output& output);
int show_audit(ApiClient& center, const Output& output);

// --- rollouts ---
struct RolloutOptions {
    std::string group;
    std::vector<std::string> stages;     // "10%:5m", "idc = \"bj1\":1h", "100%"
    std::vector<std::string> revisions;  // "nginx=3"
    std::optional<double> failed_max_percent;
    std::optional<double> silent_max_percent;
};
int start_rollout(ApiClient& center, const RolloutOptions& options, const Output& output);
int show_rollouts(ApiClient& center, const std::string& id, const Output& output);  // "": all of them
int move_rollout(ApiClient& center, const std::string& id, const std::string& action, const Output& output);

// --- tokens ---
struct TokenOptions {
    std::string kind = "enrolment";
    std::string name;
    std::string role;
    std::string group;
    std::optional<std::uint64_t> uses;
    std::string expires;  // "24h"
};
int create_token(ApiClient& center, const TokenOptions& options, const Output& output);
int list_tokens(ApiClient& center, const Output& output);
int revoke_token(ApiClient& center, const std::string& id, const Output& output);

}  // namespace center::ctl
