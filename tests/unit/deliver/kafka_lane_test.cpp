#include "agent/deliver/kafka_lane.h"

#include <gtest/gtest.h>

namespace agent::deliver {
namespace {

using namespace std::chrono_literals;

constexpr KafkaLane::Limits kLimits = {.batch_bytes_max = 1'000'000, .linger = 5ms};

class KafkaLaneTest : public testing::Test {
 protected:
    void collect(std::size_t bytes, std::size_t records) { lane.collect(bytes, records, now, kLimits); }

    KafkaLane lane;
    KafkaLane::Clock::time_point now = KafkaLane::Clock::now();
};

TEST_F(KafkaLaneTest, TakesExtentsUntilItsBatchIsHandedOver) {
    EXPECT_TRUE(lane.has_room(now));
    collect(1000, 5);
    EXPECT_TRUE(lane.has_room(now));
    lane.close();
    EXPECT_FALSE(lane.has_room(now + 1h));
}

TEST_F(KafkaLaneTest, IsFullWhenOneMoreExtentLikeTheLargestWouldNotFit) {
    for (int extents = 0; extents < 6; ++extents) {
        EXPECT_TRUE(lane.has_room(now)) << extents;
        collect(128 << 10, 600);
    }
    EXPECT_TRUE(lane.has_room(now));
    collect(128 << 10, 600);
    EXPECT_FALSE(lane.has_room(now));
}

TEST_F(KafkaLaneTest, TakesAnExtentThatIsLargerThanABatchAlone) {
    collect(3'000'000, 1);
    EXPECT_FALSE(lane.has_room(now));
}

TEST_F(KafkaLaneTest, BeginsTheNextBatchAtOnceWhenTheLastWasFull) {
    collect(900'000, 100);
    lane.close();
    EXPECT_EQ(lane.give_back(99, kLimits), std::nullopt);
    EXPECT_FALSE(lane.has_room(now));
    EXPECT_EQ(lane.give_back(1, kLimits), now);
    EXPECT_TRUE(lane.has_room(now));
}

TEST_F(KafkaLaneTest, BeginsTheNextBatchLingerAfterTheLastBegan) {
    collect(1000, 5);
    now += 1ms;
    collect(1000, 5);
    lane.close();
    EXPECT_EQ(lane.give_back(10, kLimits), now + 4ms);
    EXPECT_FALSE(lane.has_room(now + 3ms));
    EXPECT_TRUE(lane.has_room(now + 4ms));
}

TEST_F(KafkaLaneTest, CannotBeFilledUpOnceItsBatchIsHandedOver) {
    collect(1000, 5);
    lane.close();
    lane.fill_up();
    EXPECT_FALSE(lane.full());
    EXPECT_EQ(lane.give_back(5, kLimits), now + 5ms);
    collect(1000, 5);
    lane.fill_up();
    EXPECT_TRUE(lane.full());
    EXPECT_FALSE(lane.has_room(now));
}

TEST_F(KafkaLaneTest, ForgetsTheLastBatch) {
    collect(900'000, 100);
    lane.close();
    lane.give_back(100, kLimits);
    collect(1000, 5);
    EXPECT_TRUE(lane.has_room(now));
    EXPECT_FALSE(lane.full());
    EXPECT_FALSE(lane.closed());
}

}  // namespace
}  // namespace agent::deliver
