#pragma once

#include <functional>
#include <memory>

#include "common/base/event_loop.h"
#include "common/base/unique_fd.h"

namespace agent::app {

// Signals as facts on a loop, by signalfd(2).
//
// Life: made before any other thread, so that all of them inherit the blocked mask. Thread: the loop's.
class Signals {
 public:
    Signals(base::EventLoop& loop, std::function<void(int signal)> seen);  // SIGTERM, SIGINT, SIGHUP

 private:
    base::UniqueFd fd_;
    std::unique_ptr<base::ReadableWatch> watch_;
};

}  // namespace agent::app
