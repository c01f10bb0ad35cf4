// A sink that has what it could not send yet.
#include <gtest/gtest.h>

#include "tests/unit/pipeline/shard_world.h"

namespace agent::pipeline {
namespace {

using namespace std::chrono_literals;

class WaitingSinkTest : public testing::Test {
 protected:
    void SetUp() override {
        test::rewrite(path, "one\n");
        tail = world.follow(path, 1);
        world.poll();
        ASSERT_EQ(world.sink->held.size(), 1U);
    }

    ShardWorld world;
    std::string path = world.folder.at("a.log");
    model::TailId tail;
};

TEST_F(WaitingSinkTest, ATailThatIsAboutToReadAgainTakesBackWhatWaits) {
    test::append_to(path, "two\n");
    world.shard->wake({tail});
    world.poll();
    ASSERT_EQ(world.sink->held.size(), 2U);
    world.sink->finish(0, "not taken");
    EXPECT_EQ(world.sink->routes_let_go, 1);
    world.sink->finish(0, "not taken either");
    EXPECT_EQ(world.sink->routes_let_go, 1) << "once for each time that it reads again";
    ASSERT_TRUE(world.until([&] { return !world.sink->held.empty(); }));
    world.sink->finish(0, "not taken");
    EXPECT_EQ(world.sink->routes_let_go, 2);
}

TEST_F(WaitingSinkTest, WhatGoesOnIsFlushed) {
    world.sink->flushes.clear();
    world.shard->sink_ready();
    world.poll();
    EXPECT_TRUE(world.sink->flushes.empty());
    world.sink->has_waiting = true;
    world.shard->sink_ready();
    world.poll();
    EXPECT_FALSE(world.sink->flushes.empty());
}

TEST_F(WaitingSinkTest, ADrainThatTakesTooLongTakesBackWhatWaits) {
    bool drained = false;
    world.shard->drain(10ms, [&] { drained = true; });
    EXPECT_TRUE(world.until([&] { return drained; }));
    EXPECT_EQ(world.stored().begin()->second.watermark.value, 0U);
}

TEST_F(WaitingSinkTest, SoDoesAPipelineThatEnds) {
    bool retired = false;
    world.shard->retire("p", Successor::no, 10ms, [&](const std::vector<StillOpen>&) { retired = true; });
    EXPECT_TRUE(world.until([&] { return retired; }));
}

}  // namespace
}  // namespace agent::pipeline
