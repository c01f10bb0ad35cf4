// When the agent speaks to its center.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

namespace agent::control {

// Spreads agents that were started, or lost their center, at one time: the first contact over a whole interval, each
// interval by a tenth, and after errors by exponential back-off with full jitter.
//
// Thread: its owner's; pure but for chance.
class HeartbeatSchedule {
 public:
    using Duration = std::chrono::milliseconds;

    static constexpr Duration kIntervalMin{100};
    static constexpr Duration kIntervalMax = std::chrono::hours(24);
    static constexpr Duration kBackoffMin{1'000};  // what the first error's chance is drawn from
    static constexpr Duration kBackoffMax = std::chrono::minutes(5);
    static constexpr Duration kRetryAfterMax = std::chrono::hours(1);  // of what a server may ask for
    static constexpr Duration kNewsPauseMax{1'000};

    // `chance`: from 0 to below 1. `endpoints`: how many addresses there are to try in turn.
    HeartbeatSchedule(Duration interval, std::size_t endpoints, std::function<double()> chance);

    void set_interval(Duration interval);
    Duration interval() const { return interval_; }

    Duration first();
    Duration after_success();
    // At least what the server asked for. Errors of all addresses in a row count as one.
    Duration after_error(std::optional<Duration> retry_after = std::nullopt);
    // Something changed that the center should know soon, but not each change for itself.
    Duration with_news() const;

 private:
    Duration interval_;
    std::size_t endpoints_;
    std::function<double()> chance_;
    std::size_t errors_ = 0;  // since the last success
};

}  // namespace agent::control
