#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace agent::deliver {

// Trouble that lasts: said when it begins, summarised now and then, said when it ends.
//
// Thread: its owner's.
class Outage {
 public:
    using Clock = std::chrono::steady_clock;
    static constexpr Clock::duration kReminderInterval = std::chrono::minutes(1);

    // Records the latest reason. True: say it now, because it is new or the last word is kReminderInterval ago.
    bool observe(std::string why, Clock::time_point now = Clock::now());

    // How long it lasted, if there was one.
    std::optional<Clock::duration> end(Clock::time_point now = Clock::now());

    bool going_on() const { return since_.has_value(); }
    const std::string& why() const { return why_; }
    std::string duration_text(Clock::time_point now = Clock::now()) const;  // "12s", "3m05s"

 private:
    std::optional<Clock::time_point> since_;
    Clock::time_point next_reminder_;
    std::string why_;
};

std::string show_duration(std::chrono::steady_clock::duration duration);

}  // namespace agent::deliver
