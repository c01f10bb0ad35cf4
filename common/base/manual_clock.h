// Time for a simulation.
#pragma once

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "common/base/event_loop.h"

namespace base {

// A time that stands still until it is moved. A loop on it has no thread: whoever owns the clock polls the loops, in an
// order of its own, so that all that happens is repeatable.
//
// Life: outlives its loops. Thread: one for the clock, its loops and all that runs on them.
class ManualClock {
 public:
    using TimePoint = std::chrono::steady_clock::time_point;

    TimePoint now() const { return now_; }

    // Timers that are due by then are posted to their loops, the earliest first.
    void advance(std::chrono::steady_clock::duration time);

    const std::vector<EventLoop*>& loops() const { return loops_; }  // in the order in which they were made

    // For event_loop.cpp.
    void add(EventLoop& loop) { loops_.push_back(&loop); }
    void forget(EventLoop& loop);
    void call_at(TimePoint when, EventLoop& loop, Task task);

 private:
    TimePoint now_{std::chrono::hours(1)};
    std::vector<EventLoop*> loops_;
    std::multimap<TimePoint, std::pair<EventLoop*, Task>> due_;
};

}  // namespace base
