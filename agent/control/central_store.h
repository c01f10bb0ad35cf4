// What a host keeps of its central config, over restarts.
//
// Two files of the data folder, each sealed (durable_file.h) and JSON inside:
//
//   central-good    the last known good config:
//                   {"hash": HEX, "revision": N, "applied": UNIX SECONDS, "files": {NAME: {"body": BASE64, "type":
//                   TEXT}, …}}
//   central-trial   the config on probation, the same with "starts": how often the agent was started with it; or, of
//   one
//                   that was refused, {"hash": HEX, "error": TEXT}. Without it nothing is on probation.
//
// Crash: either file is as it was or as it was to become. A config is good before it is no longer on trial, so a trial
// of the good config's hash is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/opamp/messages.h"

namespace agent::control {

struct KeptConfig {
    opamp::RemoteConfig config;
    std::uint64_t revision = 0;  // 0: it has none
    std::chrono::sys_seconds applied{};

    friend bool operator==(const KeptConfig&, const KeptConfig&) = default;
};

struct Trial {
    KeptConfig kept;
    unsigned starts = 0;

    friend bool operator==(const Trial&, const Trial&) = default;
};

struct Refusal {
    std::string hash;
    std::string error;

    friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Thread: its owner's; blocks on the disk.
class CentralStore {
 public:
    explicit CentralStore(std::string data_dir) : folder_(std::move(data_dir)) {}

    struct Found {
        std::optional<KeptConfig> good;
        std::optional<Trial> trial;
        std::optional<Refusal> refusal;
        std::vector<std::string> damage;  // what could not be read, and is done without
    };
    Found load() const;

    base::Result<void> keep_trial(const Trial& trial);
    base::Result<void> keep_refusal(const Refusal& refusal);  // ends a trial
    base::Result<void> keep_good(const KeptConfig& good);     // ends a trial, and forgets a refusal
    base::Result<void> forget_trial();                        // and a refusal

 private:
    std::string good_path() const { return folder_ + "/central-good"; }
    std::string trial_path() const { return folder_ + "/central-trial"; }

    std::string folder_;
};

}  // namespace agent::control
