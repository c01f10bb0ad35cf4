#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/io_context.hpp>

#include "common/base/event_loop.h"

namespace test {

// Runs the loop on the test's own thread.
inline void run_for(base::EventLoop& loop, std::chrono::steady_clock::duration time) {
    loop.io().restart();
    loop.io().run_for(time);
}

// Runs what there is to run now.
inline void poll(base::EventLoop& loop) {
    loop.io().restart();
    loop.io().poll();
}

// Runs it until `true_now`, at most for `time`.
inline bool run_until(base::EventLoop& loop, const std::function<bool()>& true_now, std::chrono::seconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!true_now() && std::chrono::steady_clock::now() < end) run_for(loop, std::chrono::milliseconds(1));
    return true_now();
}

}  // namespace test
