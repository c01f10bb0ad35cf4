#include "agent/deliver/outage.h"

#include <utility>

#include <fmt/core.h>

namespace agent::deliver {

bool Outage::observe(std::string why, Clock::time_point now) {
    why_ = std::move(why);
    if (!since_) {
        since_ = now;
    } else if (now < next_reminder_) {
        return false;
    }
    next_reminder_ = now + kReminderInterval;
    return true;
}

std::optional<Outage::Clock::duration> Outage::end(Clock::time_point now) {
    if (!since_) return std::nullopt;
    const auto lasted = now - *since_;
    since_.reset();
    why_.clear();
    return lasted;
}

std::string Outage::duration_text(Clock::time_point now) const {
    return show_duration(since_ ? now - *since_ : Clock::duration{});
}

std::string show_duration(std::chrono::steady_clock::duration duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    return seconds < 60 ? fmt::format("{}s", seconds) : fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
}

}  // namespace agent::deliver
