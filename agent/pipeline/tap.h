// A look at the records that pass: what `venus-agent tap` shows.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>

#include "agent/model/extent.h"

namespace agent::pipeline {

// A sample of what a pipeline hands to its sink, kept until somebody fetches it; what does not fit is passed over, so
// that nobody waits for who looks.
//
// Life: from the first fetch until nobody fetched for kPatience. Thread: its shard's.
class Tap {
 public:
    static constexpr std::size_t kRecordsMax = 100;           // until the next fetch
    static constexpr std::size_t kRecordBytesMax = 16 << 10;  // of a record; the rest is cut off
    static constexpr std::chrono::seconds kPatience{5};

    // Of each extent the first records for which there is room.
    void look(const model::Extent& extent, const std::string& path);

    // JSON, one line each: {"path":…,"offset":17,"record":…}, with "cut":true where not all of it is shown.
    std::string fetch(std::chrono::steady_clock::time_point now);

    bool is_forgotten(std::chrono::steady_clock::time_point now) const { return now - fetched_at_ > kPatience; }

 private:
    std::deque<std::string> records_;
    std::chrono::steady_clock::time_point fetched_at_;
};

}  // namespace agent::pipeline
