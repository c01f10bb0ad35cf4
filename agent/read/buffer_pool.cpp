#include "agent/read/buffer_pool.h"

#include <utility>

namespace agent::read {

model::Buffer BufferPool::take() {
    if (spare_.empty()) return model::Buffer::of(buffer_bytes_);
    auto buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
}

void BufferPool::give_back(model::Buffer buffer) {
    if (buffer.capacity == buffer_bytes_ && spare_.size() < spare_max_) spare_.push_back(std::move(buffer));
}

}  // namespace agent::read
