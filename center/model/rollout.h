// A rollout: the plan by which a group's agents are offered other revisions, and how far it got.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "center/model/group.h"
#include "center/model/time.h"

namespace center::model {

enum class RolloutState : std::uint8_t { running, paused, done, reverted, aborted };

std::string_view word_of(RolloutState state);
std::optional<RolloutState> rollout_state_of(std::string_view word);

// Whom a stage adds: a share of the agents, or those with certain labels.
struct Stage {
    std::uint32_t share = 0;           // of 10,000; 10 % is 1000
    std::optional<Selector> selector;  // if set, the share says nothing
    std::chrono::milliseconds hold{0};

    friend bool operator==(const Stage&, const Stage&) = default;
};

// When a rollout reverts by itself. Rises are means over agents, beside those that it has not reached yet.
struct Gate {
    double failed_max_percent = 5;
    double silent_max_percent = 10;
    std::uint64_t lag_rise_max_bytes = 64ULL << 20;
    std::uint64_t rejected_rise_max = 10;

    friend bool operator==(const Gate&, const Gate&) = default;
};

// Agents, by what became of them; of those that the rollout has reached.
struct RolloutCounts {
    std::uint64_t reached = 0;
    std::uint64_t offered = 0;
    std::uint64_t applied = 0;
    std::uint64_t failed = 0;

    friend bool operator==(const RolloutCounts&, const RolloutCounts&) = default;
};

struct Rollout {
    static constexpr std::size_t kStagesMax = 32;

    std::uint64_t id = 0;
    std::string group;
    std::optional<Assignment> before;  // of everybody, when it began
    Assignment target;
    std::vector<Stage> stages;
    Gate gate;
    RolloutState state = RolloutState::running;
    std::size_t stage = 0;
    TimeMs stage_since = 0;
    std::string reason;  // why it is paused, reverted or aborted
    TimeMs started_at = 0;
    std::string started_by;
    TimeMs ended_at = 0;   // 0: it has not ended
    RolloutCounts counts;  // when it ended

    bool is_active() const { return state == RolloutState::running || state == RolloutState::paused; }

    friend bool operator==(const Rollout&, const Rollout&) = default;
};

}  // namespace center::model
