#include "agent/read/buffer_pool.h"

#include <gtest/gtest.h>

namespace agent::read {
namespace {

TEST(BufferPool, GivesAWarmBufferAgain) {
    BufferPool pool(4096, 2);
    auto buffer = pool.take();
    const auto* bytes = buffer.bytes.get();
    pool.give_back(std::move(buffer));
    EXPECT_EQ(pool.take().bytes.get(), bytes);
}

TEST(BufferPool, KeepsNoBufferOfAnotherSize) {
    BufferPool pool(4096, 2);
    pool.give_back(model::Buffer::of(100));
    EXPECT_EQ(pool.take().capacity, 4096U);
    pool.give_back({});  // one that was moved from
    EXPECT_NE(pool.take().bytes, nullptr);
}

TEST(BufferPool, KeepsNoMoreThanItsLimitAndNoneAfterATrim) {
    BufferPool pool(4096, 1);
    auto first = pool.take();
    auto second = pool.take();
    const auto* kept = first.bytes.get();
    pool.give_back(std::move(first));
    pool.give_back(std::move(second));
    auto again = pool.take();
    EXPECT_EQ(again.bytes.get(), kept);
    pool.give_back(std::move(again));
    pool.trim();
    EXPECT_EQ(pool.take().capacity, 4096U);
}

}  // namespace
}  // namespace agent::read
