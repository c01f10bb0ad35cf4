// How records wait for each other on their way to one partition.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace agent::deliver {

// One partition's way out: one batch at a time. librdkafka 2.0.2 has at most one request of an idempotent producer in
// flight per partition (it compares the number of *messages* in flight with the limit of five requests), and while a
// request is in flight and further records have waited for linger.ms, its broker thread polls without sleeping. So a
// batch is collected, handed over in one go, and the next one begins when all of it is acknowledged: at once when the
// batch was full, else linger.ms after the last one began. What waits meanwhile waits in its log file.
//
// Thread: its shard's.
class KafkaLane {
 public:
    using Clock = std::chrono::steady_clock;

    struct Limits {
        std::size_t batch_bytes_max;  // batch.size, or message.max.bytes
        Clock::duration linger;       // between the beginnings of two batches that are not full
    };

    bool has_room(Clock::time_point now) const;
    bool is_empty() const { return records_ == 0; }

    // One extent's records join the batch.
    void collect(std::size_t bytes, std::size_t records, Clock::time_point now, const Limits& limits);
    void fill_up() { full_ = full_ || !closed_; }  // nothing joins what was collected

    // The batch is handed over: nothing joins it any more.
    void close();
    bool closed() const { return closed_; }
    bool full() const { return full_; }

    // Records came back, for whatever reason. With the last of them: when the next batch may begin.
    std::optional<Clock::time_point> give_back(std::size_t records, const Limits& limits);

 private:
    std::size_t bytes_ = 0;
    std::size_t records_ = 0;
    std::size_t largest_extent_bytes_ = 0;  // in this batch: room for one more like it, or it is full
    bool full_ = false;
    bool closed_ = false;
    Clock::time_point began_at_;
    Clock::time_point free_at_;
};

}  // namespace agent::deliver
