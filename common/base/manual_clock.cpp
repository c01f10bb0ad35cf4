#include "common/base/manual_clock.h"

namespace base {

void ManualClock::advance(std::chrono::steady_clock::duration time) {
    now_ += time;
    while (!due_.empty() && due_.begin()->first <= now_) {
        auto [loop, task] = std::move(due_.extract(due_.begin()).mapped());
        loop->post(std::move(task));
    }
}

void ManualClock::forget(EventLoop& loop) {
    std::erase(loops_, &loop);
    std::erase_if(due_, [&](const auto& entry) { return entry.second.first == &loop; });
}

void ManualClock::call_at(TimePoint when, EventLoop& loop, Task task) {
    if (when <= now_) return loop.post(std::move(task));
    due_.emplace(when, std::pair(&loop, std::move(task)));
}

}  // namespace base
