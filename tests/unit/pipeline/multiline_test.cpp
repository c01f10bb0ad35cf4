// Records of several lines: what may go on is not sent before it is complete, and nothing of it is kept but the file.
#include <gmock/gmock.h>

#include "common/base/manual_clock.h"
#include "tests/unit/pipeline/shard_world.h"

namespace agent::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class MultilineTest : public testing::Test {
 protected:
    MultilineTest() {
        config::FileSourceConfig source;
        source.multiline = {.goes_on = "^ ", .timeout = 1s, .record_bytes_max = 1 << 20};
        world.framing = *split::Framing::make(source);
        sink = world.add("q");
        sink->takes_all = true;
    }
    void wait(std::chrono::milliseconds time) {
        clock.advance(time);
        world.poll();
    }

    base::ManualClock clock;
    ShardWorld world{64 << 20, &clock};
    FakeSink* sink = nullptr;
    std::string path = world.folder.at("a.log");
};

TEST_F(MultilineTest, ARecordIsSentWhenTheNextOneBegins) {
    test::rewrite(path, "a\n b\n");
    const auto tail = world.follow(path, 1, "q");
    world.poll();
    EXPECT_THAT(sink->delivered, IsEmpty());
    test::append_to(path, " c\nd\n");
    world.shard->wake({tail});
    world.poll();
    EXPECT_THAT(sink->delivered, ElementsAre("a\n b\n c"));
    EXPECT_EQ(world.file(1, 1).watermark.value, 8U);
}

TEST_F(MultilineTest, ARecordAtTheFilesEndIsSentWhenNothingWasAddedForLongEnough) {
    test::rewrite(path, "a\n b\n");
    const auto tail = world.follow(path, 1, "q");
    world.poll();
    wait(900ms);
    test::append_to(path, " c\n");
    world.shard->wake({tail});
    world.poll();
    wait(900ms);
    EXPECT_THAT(sink->delivered, IsEmpty()) << "it grew meanwhile";
    wait(200ms);
    EXPECT_THAT(sink->delivered, ElementsAre("a\n b\n c"));
    EXPECT_EQ(world.file(1, 1).lag_bytes, 0U);
}

TEST_F(MultilineTest, WhatIsCompleteIsSentAndTheRestWaits) {
    test::rewrite(path, "a\nb\n c\n");
    world.follow(path, 1, "q");
    world.poll();
    EXPECT_THAT(sink->delivered, ElementsAre("a"));
    wait(1100ms);
    EXPECT_THAT(sink->delivered, ElementsAre("a", "b\n c"));
}

TEST_F(MultilineTest, ARecordThatIsLargerThanAReadIsOne) {
    std::string record = "a";
    for (int line = 0; line < 900; ++line) record += "\n " + std::string(1000, 'x');
    test::rewrite(path, record + "\nb\n c\n");
    world.follow(path, 1, "q");
    world.poll();
    EXPECT_THAT(sink->delivered, ElementsAre(record));
}

TEST_F(MultilineTest, ARecordThatIsLargerThanItMayBeDoesNotStopItsFile) {
    std::string record = "a";
    for (int line = 0; line < 3000; ++line) record += "\n " + std::string(1000, 'x');
    test::rewrite(path, record + "\nb\n");
    world.follow(path, 1, "q");
    world.poll();
    wait(1100ms);
    std::string all;
    for (const auto& one : sink->delivered) {
        EXPECT_LE(one.size(), 1U << 20);
        all += (all.empty() ? "" : "\n") + one;
    }
    EXPECT_EQ(all, record + "\nb");
}

TEST_F(MultilineTest, ACrashWhileARecordWaitsReadsItAgainFromItsFirstLine) {
    sink->takes_all = false;
    test::rewrite(path, "a\nb\n c\n");
    world.follow(path, 1, "q");
    world.poll();
    sink->finish_all();
    world.shard->store_checkpoints(checkpoint::Durability::host);
    (void)world.stored();
    world.crash();
    world.start();
    sink = world.add("q");
    sink->takes_all = true;
    test::append_to(path, " d\n");
    world.follow(path, 1, "q");
    world.poll();
    wait(1100ms);
    EXPECT_THAT(sink->delivered, ElementsAre("b\n c\n d"));
}

TEST_F(MultilineTest, ADrainDoesNotSendWhatMayGoOn) {
    test::rewrite(path, "a\nb\n c\n");
    world.follow(path, 1, "q");
    world.poll();
    bool drained = false;
    world.shard->drain(5s, [&] { drained = true; });
    wait(2s);
    EXPECT_TRUE(drained);
    EXPECT_THAT(sink->delivered, ElementsAre("a"));
}

TEST_F(MultilineTest, AFileThatIsGoneIsSentToItsEnd) {
    test::rewrite(path, "a\n b\n c");
    const auto tail = world.follow(path, 1, "q");
    world.poll();
    std::filesystem::remove(path);
    world.shard->left(tail);
    for (int i = 0; i < 60; ++i) wait(250ms);
    EXPECT_THAT(sink->delivered, ElementsAre("a\n b", " c"));
    EXPECT_EQ(world.finished.size(), 1U);
}

TEST_F(MultilineTest, ATruncatedFileBeginsWithANewRecord) {
    test::rewrite(path, "a\nb\n c\n");
    const auto tail = world.follow(path, 1, "q");
    world.poll();
    test::rewrite(path, " d\n e\nf\n");
    world.shard->wake({tail});
    world.poll();
    EXPECT_THAT(sink->delivered, ElementsAre("a", " d\n e"));
}

}  // namespace
}  // namespace agent::pipeline
