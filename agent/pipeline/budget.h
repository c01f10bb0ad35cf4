#pragma once

#include <cstddef>

#include "common/base/assert.h"

namespace agent::pipeline {

// Bytes in flight and how many there may be. The last extent may go over: what was read is not thrown away.
class Budget {
 public:
    explicit Budget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    void resize(std::size_t bytes_max) { bytes_max_ = bytes_max; }
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

}  // namespace agent::pipeline
