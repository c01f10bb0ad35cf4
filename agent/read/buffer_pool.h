#pragma once

#include <cstddef>
#include <vector>

#include "agent/model/extent.h"

namespace agent::read {

// Buffers of one size for reads, used again while they are warm: fresh ones of this size would each be mapped,
// faulted in and unmapped.
//
// Life: one per shard. Thread: its shard's.
class BufferPool {
 public:
    BufferPool(std::size_t buffer_bytes, std::size_t spare_max) : buffer_bytes_(buffer_bytes), spare_max_(spare_max) {}

    model::Buffer take();
    void give_back(model::Buffer buffer);  // one of another size is freed
    void trim() { spare_.clear(); }        // when nothing is to be read

    std::size_t buffer_bytes() const { return buffer_bytes_; }

 private:
    std::size_t buffer_bytes_;
    std::size_t spare_max_;
    std::vector<model::Buffer> spare_;
};

}  // namespace agent::read
