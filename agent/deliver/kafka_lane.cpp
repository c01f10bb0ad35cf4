#include "agent/deliver/kafka_lane.h"

#include <algorithm>

#include "common/base/assert.h"

namespace agent::deliver {

namespace {

constexpr std::size_t kRecordOverhead = 14;  // bytes that a record batch adds to a record of up to 1 MiB

}  // namespace

bool KafkaLane::has_room(Clock::time_point now) const {
    if (records_ == 0) return now >= free_at_;
    return !closed_ && !full_;
}

void KafkaLane::collect(std::size_t bytes, std::size_t records, Clock::time_point now, const Limits& limits) {
    AGENT_ASSERT(!closed_);
    if (records_ == 0) began_at_ = now;
    const std::size_t extent_bytes = bytes + (records * kRecordOverhead);
    bytes_ += extent_bytes;
    records_ += records;
    largest_extent_bytes_ = std::max(largest_extent_bytes_, extent_bytes);
    full_ = bytes_ + largest_extent_bytes_ > limits.batch_bytes_max;
}

void KafkaLane::close() {
    closed_ = records_ > 0;
}

std::optional<KafkaLane::Clock::time_point> KafkaLane::give_back(std::size_t records, const Limits& limits) {
    AGENT_ASSERT(records <= records_);
    records_ -= records;
    if (records_ > 0) return std::nullopt;
    free_at_ = full_ ? began_at_ : began_at_ + limits.linger;
    bytes_ = largest_extent_bytes_ = 0;
    full_ = closed_ = false;
    return free_at_;
}

}  // namespace agent::deliver
