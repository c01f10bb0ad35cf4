// Limits of speed: what is over them waits, nothing is dropped.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/base/units.h"

namespace agent::pipeline {

// How much may be read in a second. A read is never cut: it may go over the limit, and the next one waits the longer.
//
// Thread: its shard's.
class RateLimiter {
 public:
    using Clock = std::chrono::steady_clock;

    explicit RateLimiter(base::Rate rate) : rate_(rate) {}

    Clock::duration wait(Clock::time_point now);  // until something may be read; zero: now
    void take(std::uint64_t bytes, std::uint64_t records);

 private:
    base::Rate rate_;
    double credit_ = 0;  // what may be read at once; negative: too much was
    Clock::time_point at_;
};

// How much of the processor the whole process may use, in cores; 0: no limit.
//
// Thread: its shard's, which stops reading; what the other threads do with what was read counts as well.
class CpuLimiter {
 public:
    using Clock = std::chrono::steady_clock;

    explicit CpuLimiter(double cores) : cores_(cores) {}

    Clock::duration wait(Clock::time_point now);  // until something may be read; zero: now

 private:
    double cores_;
    double credit_ = 0;  // CPU seconds
    double used_ = 0;    // by the process, in CPU seconds, at `at_`
    Clock::time_point at_;
};

}  // namespace agent::pipeline
