#pragma once

#include <cstddef>

#include "common/base/assert.h"

namespace agent::pipeline {

// Bytes in flight and how many there may be. The last extent may go over: what was read is not thrown away.
class Budget {
 public:
    explicit Budget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    bool has_room() const { return bytes_ < bytes_max_; }
    void take(std::size_t bytes) { bytes_ += bytes; }
    void give_back(std::size_t bytes) {
        AGENT_ASSERT(bytes <= bytes_);
        bytes_ -= bytes;
    }
    std::size_t bytes() const { return bytes_; }
    std::size_t bytes_max() const { return bytes_max_; }

 private:
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
};

// What one pipeline may have in flight: less than two of librdkafka's batches, by either of their limits. With a second
// full batch waiting for its turn, librdkafka 2.0.2's broker thread does not sleep but polls until the first one is
// acknowledged, which doubles the cost of a record; with less than one waiting it sleeps. The log file is the buffer:
// more in flight makes nothing faster, until the broker is some 20 ms away (100 MB/s then).
class Window {
 public:
    static constexpr std::size_t kBytesMax = 1'700'000;   // payload; batch.size is 1,000,000
    static constexpr std::size_t kRecordsMax = 17'000;    // batch.num.messages is 10,000

    bool has_room() const { return bytes_ < kBytesMax && records_ < kRecordsMax; }
    void take(std::size_t bytes, std::size_t records) {
        bytes_ += bytes;
        records_ += records;
    }
    void give_back(std::size_t bytes, std::size_t records) {
        AGENT_ASSERT(bytes <= bytes_ && records <= records_);
        bytes_ -= bytes;
        records_ -= records;
    }
    bool empty() const { return bytes_ == 0 && records_ == 0; }
    std::size_t bytes() const { return bytes_; }

 private:
    std::size_t bytes_ = 0;
    std::size_t records_ = 0;
};

}  // namespace agent::pipeline
