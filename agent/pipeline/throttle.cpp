#include "agent/pipeline/throttle.h"

#include <algorithm>

#include <sys/resource.h>

namespace agent::pipeline {

namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;
using Clock = std::chrono::steady_clock;

constexpr double kBurst = 0.1;          // seconds that may be saved up
constexpr auto kCpuLookInterval = 5ms;  // asking the kernel costs as much as reading some lines
constexpr auto kWaitMax = 1s;           // then it is looked again

Clock::duration until_paid(double debt, double per_second) {
    return std::min<Clock::duration>(std::chrono::ceil<Clock::duration>(Seconds(debt / per_second)), kWaitMax);
}

double cpu_seconds_used() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + (static_cast<double>(time.tv_usec) / 1e6);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

Clock::duration RateLimiter::wait(Clock::time_point now) {
    if (rate_.per_second == 0) return {};
    const auto rate = static_cast<double>(rate_.per_second);
    credit_ = std::min(credit_ + (Seconds(now - at_).count() * rate), kBurst * rate);
    at_ = now;
    return credit_ >= 0 ? Clock::duration{} : until_paid(-credit_, rate);
}

void RateLimiter::take(std::uint64_t bytes, std::uint64_t records) {
    credit_ -= static_cast<double>(rate_.unit == base::Rate::Unit::bytes ? bytes : records);
}

Clock::duration CpuLimiter::wait(Clock::time_point now) {
    if (cores_ <= 0) return {};
    if (now - at_ >= kCpuLookInterval) {
        const double used = cpu_seconds_used();
        credit_ = std::min(credit_ + (Seconds(now - at_).count() * cores_) - (used - used_), kBurst * cores_);
        used_ = used;
        at_ = now;
    }
    return credit_ >= 0 ? Clock::duration{} : std::max<Clock::duration>(until_paid(-credit_, cores_), kCpuLookInterval);
}

}  // namespace agent::pipeline
