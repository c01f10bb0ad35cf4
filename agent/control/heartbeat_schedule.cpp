#include "agent/control/heartbeat_schedule.h"

#include <algorithm>
#include <utility>

namespace agent::control {

namespace {

using Duration = HeartbeatSchedule::Duration;

Duration part_of(Duration whole, double part) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * part));
}

}  // namespace

HeartbeatSchedule::HeartbeatSchedule(Duration interval, std::size_t endpoints, std::function<double()> chance)
    : interval_(std::clamp(interval, kIntervalMin, kIntervalMax)),
      endpoints_(std::max<std::size_t>(endpoints, 1)),
      chance_(std::move(chance)) {}

void HeartbeatSchedule::set_interval(Duration interval) {
    interval_ = std::clamp(interval, kIntervalMin, kIntervalMax);
}

Duration HeartbeatSchedule::first() {
    return part_of(interval_, chance_());
}

Duration HeartbeatSchedule::after_success() {
    constexpr double kLeast = 0.9;
    constexpr double kSpread = 0.2;
    errors_ = 0;
    return part_of(interval_, kLeast + (kSpread * chance_()));
}

Duration HeartbeatSchedule::after_error(std::optional<Duration> retry_after) {
    constexpr std::size_t kDoublingsMax = 16;
    constexpr double kSpread = 0.1;
    const auto round = std::min(errors_++ / endpoints_, kDoublingsMax);
    const auto bound = std::min(kBackoffMin * (1 << round), kBackoffMax);
    const auto delay = std::max(part_of(bound, chance_()), kIntervalMin);
    if (!retry_after) return delay;
    const auto asked = std::clamp(*retry_after, Duration(0), kRetryAfterMax);
    return std::max(delay, asked + part_of(asked, kSpread * chance_()));
}

Duration HeartbeatSchedule::with_news() const {
    return std::min(kNewsPauseMax, interval_ / 4);
}

}  // namespace agent::control
