// What `venus-agent top` shows.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace agent::admin {

// What the daemon answered at one time.
struct Look {
    std::string status;   // the JSON of status_json()
    std::string metrics;  // Prometheus text
    std::chrono::steady_clock::time_point at;
};

struct ScreenSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

enum class Emphasis : std::uint8_t { none, heading, alarm };

struct ScreenLine {
    std::string text;
    Emphasis emphasis = Emphasis::none;

    friend bool operator==(const ScreenLine&, const ScreenLine&) = default;
};

// The agent, its pipelines with their rates and latencies between two looks, and its busiest files: as many lines as
// the screen has rows, at most, and none wider than it. Rates are "-" where the agent was started in between, and where
// both looks are one. Errors: a look that is not an agent's.
base::Result<std::vector<ScreenLine>> top_screen(const Look& before, const Look& now, ScreenSize size);

}  // namespace agent::admin
