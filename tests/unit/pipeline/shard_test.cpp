#include "agent/pipeline/shard.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <unistd.h>

#include "common/base/manual_clock.h"
#include "tests/unit/pipeline/shard_world.h"

namespace agent::pipeline {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Shard, ALineIsReadDeliveredAndMovesTheWatermark) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\ntwo\npart");
    world.follow(path, 1);
    world.poll();
    ASSERT_EQ(world.sink->held.size(), 1U);
    EXPECT_EQ(world.file(1).read_offset.value, 8U);
    EXPECT_EQ(world.file(1).watermark.value, 0U) << "reading moves nothing";
    EXPECT_EQ(world.file(1).lag_bytes, 12U);
    world.sink->finish_all();
    EXPECT_EQ(world.file(1).watermark.value, 8U);
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
    EXPECT_EQ(world.shard->status().in_flight_bytes, 0U);
}

TEST(Shard, ARouteThatIsNotReadyIsNotReadFor) {
    ShardWorld world;
    world.sink->open = false;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    world.follow(path, 1);
    world.poll();
    EXPECT_THAT(world.sink->held, IsEmpty());
    EXPECT_EQ(world.file(1).state, "waiting");
    world.sink->open = true;
    world.shard->sink_ready();
    world.poll();
    EXPECT_EQ(world.sink->held.size(), 1U);
}

TEST(Shard, ATailOfASinkThatBatchesReadsOnWithTheNextBatch) {
    ShardWorld world;
    world.sink->batches = true;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    world.follow(path, 1);
    world.poll();
    test::append_to(path, "two\n");
    world.sink->finish_all();
    world.shard->sink_ready();  // without an event
    world.poll();
    world.sink->finish_all();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
}

TEST(Shard, ATailThatGaveItsSinkNothingDoesNotWaitForTheNextBatch) {
    ShardWorld world;
    world.framing.line_limit = {.bytes_max = 3, .policy = config::LongLine::skip};
    auto* sink = world.add("q");
    sink->batches = true;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "too long\n");
    const auto tail = world.follow(path, 1, "q");
    world.poll();
    test::append_to(path, "two\n");
    world.shard->wake({tail});
    world.poll();
    sink->finish_all();
    EXPECT_THAT(sink->delivered, ElementsAre("two"));
}

TEST(Shard, WhatWasCollectedIsFlushedWhileOthersHaveMuchToRead) {
    ShardWorld world;
    const auto busy = world.folder.at("busy.log");
    const auto path = world.folder.at("a.log");
    std::string text;
    for (int line = 0; line < 64 << 10; ++line) text += std::string(1023, 'x') + '\n';
    test::rewrite(busy, text);
    test::rewrite(path, "one\n");
    world.sink->takes_all = true;
    auto* sink = world.add("q");
    world.follow(busy, 1);
    world.follow(path, 2, "q");
    ASSERT_TRUE(world.until([&] { return !sink->flushes.empty(); }));
    EXPECT_GT(world.file(1).lag_bytes, 0U) << "the other is still being read";
}

TEST(Shard, AFlushTellsWhetherMoreWaits) {
    ShardWorld world(1);  // bytes: room for one extent
    const auto path = world.folder.at("a.log");
    test::rewrite(path, std::string(read::kExtentBytesMax, '\n') + "one\n");
    world.follow(path, 1);
    world.poll();
    ASSERT_EQ(world.sink->held.size(), 1U);
    EXPECT_EQ(world.sink->flushes.back(), deliver::Flush::more_waits);
    world.sink->finish_all();
    world.poll();
    EXPECT_EQ(world.sink->flushes.back(), deliver::Flush::nothing_left);
}

TEST(Shard, FailedRecordsAreReadAgainAndTheWatermarkWaitsForThem) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    test::append_to(path, "two\n");
    world.shard->wake({tail});
    world.poll();
    ASSERT_EQ(world.sink->held.size(), 2U);
    world.sink->finish(0, "not taken");
    world.sink->finish(0);
    EXPECT_EQ(world.file(1).watermark.value, 0U);
    EXPECT_EQ(world.file(1).state, "rewinding");
    EXPECT_EQ(world.shard->status().pipelines.at(0).rewinding, 1U);
    ASSERT_TRUE(world.until([&] { return !world.sink->held.empty(); }));
    world.sink->finish_all();
    EXPECT_EQ(world.file(1).watermark.value, 8U);
    EXPECT_THAT(world.sink->delivered, ElementsAre("two", "one", "two"));
    EXPECT_EQ(
        world.counter("venus_agent_records_failed_total", {{"pipeline", "p"}, {"sink", "fake"}, {"reason", "rewound"}}),
        1U);
}

TEST(Shard, NothingIsReadWithoutRoomInTheMemoryBudget) {
    constexpr std::size_t kLimit = 512 << 10;
    ShardWorld world(kLimit);
    const auto path = world.folder.at("a.log");
    std::string bytes;
    for (int i = 0; bytes.size() < (4 << 20); ++i)
        bytes += "a line of about a hundred bytes, to make some extents " + std::to_string(i) + "\n";
    test::rewrite(path, bytes);
    world.follow(path, 1);
    for (int i = 0; i < 50; ++i) world.poll();
    const auto in_flight = world.shard->status().in_flight_bytes;
    EXPECT_GE(in_flight, kLimit);
    EXPECT_LE(in_flight, kLimit + world.sink->held.back()->charge) << "the last extent may go over";
    const auto held = world.sink->held.size();
    world.sink->finish(0);
    world.poll();
    EXPECT_EQ(world.sink->held.size(), held) << "one came, one may go";

    EXPECT_TRUE(world.until([&] {
        world.sink->finish_all();
        return world.file(1).watermark.value == bytes.size();
    }));
}

TEST(Shard, OnePipelineThatIsStuckDoesNotStopAnother) {
    ShardWorld world;
    auto* other = world.add("q");
    const auto path = world.folder.at("a.log");
    std::string bytes;
    while (bytes.size() < 2 * kInFlightBytesMax) bytes += std::string(999, 'x') + "\n";
    test::rewrite(path, bytes);
    world.follow(path, 1, "p");
    world.follow(path, 1, "q");
    EXPECT_TRUE(world.until([&] {
        other->finish_all();
        return world.file(1, 1).watermark.value == bytes.size();
    }));
    const auto status = world.shard->status();
    EXPECT_EQ(world.file(1, 0).watermark.value, 0U);
    EXPECT_GE(status.pipelines.at(0).in_flight_bytes, kInFlightBytesMax);
    EXPECT_LT(status.pipelines.at(0).in_flight_bytes, kInFlightBytesMax + (1 << 20)) << "its window";
    EXPECT_EQ(status.pipelines.at(1).in_flight_bytes, 0U);
}

TEST(Shard, ManyPipelinesShareTheBudgetSoThatNoneTakesAllOfIt) {
    ShardWorld world;
    for (const auto* name : {"a", "b", "c"}) world.add(name);
    world.shard->set_limits({.memory_limit = 8 << 20});
    const auto path = world.folder.at("a.log");
    std::string bytes;
    while (bytes.size() < 8 << 20) bytes += std::string(1023, 'x') + "\n";
    test::rewrite(path, bytes);
    world.follow(path, 1, "a");
    world.poll();
    const auto status = world.shard->status();
    EXPECT_GE(status.in_flight_bytes, 2U << 20);
    EXPECT_FALSE(world.until([&] { return world.shard->status().in_flight_bytes >= 8U << 20; }, 0s));
}

TEST(Shard, HighPriorityReadsFirstAndLowIsNotStarvedWhateverIsShort) {
    const std::map<std::string, config::AgentConfig> shortages{
        {"nothing", {}},
        {"memory", {.memory_limit = 1}},
        {"CPU", {.cpu_limit = 0.1}},
        {"rate", {.rate_limit = base::parse_rate("20MiB").value()}}};
    for (const auto& [what, limits] : shortages) {
        SCOPED_TRACE(what);
        ShardWorld world;
        auto* low = world.add("low", config::OnReject::block, {.priority = config::Priority::low});
        auto* high = world.add("high", config::OnReject::block, {.priority = config::Priority::high});
        world.shard->set_limits(limits);
        low->takes_all = high->takes_all = true;
        const auto path = world.folder.at("a.log");
        std::string bytes;
        while (bytes.size() < 64 * read::kExtentBytesMax) bytes += std::string(1023, 'x') + "\n";
        test::rewrite(path, bytes);
        world.follow(path, 1, "low");
        world.follow(path, 1, "high");
        std::size_t of_low = 0;
        high->after_finish = [&] { of_low = low->delivered.size(); };
        EXPECT_TRUE(world.until([&] { return high->delivered.size() * 1024 == bytes.size(); }));
        EXPECT_GT(of_low, 0U);
        EXPECT_LT(of_low, high->delivered.size() / 8);
    }
}

TEST(Shard, NobodyIsStarvedByAnotherOfItsPriority) {
    ShardWorld world;
    auto* high = world.add("a", config::OnReject::block, {.priority = config::Priority::high});
    auto* one = world.add("b");
    auto* another = world.add("c");
    const auto path = world.folder.at("a.log");
    std::string bytes;
    while (bytes.size() < 128 * read::kExtentBytesMax) bytes += std::string(1023, 'x') + "\n";
    test::rewrite(path, bytes);
    for (auto* sink : {high, one, another}) sink->takes_all = true;
    for (const auto* name : {"a", "b", "c"}) world.follow(path, 1, name);
    std::size_t of_one = 0;
    std::size_t of_another = 0;
    high->after_finish = [&] {
        of_one = one->delivered.size();
        of_another = another->delivered.size();
    };
    EXPECT_TRUE(world.until([&] { return high->delivered.size() * 1024 == bytes.size(); }));
    EXPECT_GT(of_one, 0U);
    EXPECT_GT(of_another, 0U);
}

TEST(Shard, WhatAThrottledFileHoldsIsStoredAtTheEnd) {
    ShardWorld world;
    world.shard->set_limits({.rate_limit = {.per_second = 1, .unit = base::Rate::Unit::bytes}});
    world.sink->takes_all = true;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "a line\n");
    world.follow(path, 1);
    world.poll();
    test::append_to(path, "another one\n");
    ASSERT_TRUE(world.drain());
    EXPECT_EQ(world.stored().at({"p", {.inode = 1}}).watermark.value, 7U);
    EXPECT_EQ(world.stored().at({"p", {.inode = 1}}).seen.value, 19U);
}

TEST(Shard, ARateLimitHoldsBackItsPipelineAlone) {
    ShardWorld world;
    auto* slow = world.add("slow", config::OnReject::block,
                           {.rate_limit = {.per_second = 1, .unit = base::Rate::Unit::records}});
    auto* other = world.add("other");
    slow->takes_all = other->takes_all = true;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    world.follow(path, 1, "slow");
    world.follow(path, 1, "other");
    world.poll();
    test::append_to(path, "two\n");
    world.shard->wake({{1}, {2}});
    world.poll();
    EXPECT_THAT(slow->delivered, ElementsAre("one"));
    EXPECT_THAT(other->delivered, ElementsAre("one", "two"));
    const auto status = world.shard->status();
    EXPECT_TRUE(status.pipelines.at(2).throttled);
    EXPECT_FALSE(status.pipelines.at(0).throttled);
    EXPECT_TRUE(world.until([&] { return slow->delivered.size() == 2; })) << "it comes back by itself";
}

TEST(Shard, TheAgentsRateLimitHoldsBackAll) {
    ShardWorld world;
    world.shard->set_limits({.rate_limit = {.per_second = 2, .unit = base::Rate::Unit::records}});
    world.sink->takes_all = true;
    for (const std::uint64_t inode : {1U, 2U, 3U}) {
        const auto path = world.folder.at(std::to_string(inode));
        test::rewrite(path, "line\n");
        world.follow(path, inode);
    }
    world.poll();
    EXPECT_EQ(world.sink->delivered.size(), 1U);
    EXPECT_TRUE(world.until([&] { return world.sink->delivered.size() == 3; }));
}

TEST(Shard, ATruncatedFileIsReadFromItsBeginning) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\ntwo\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    test::rewrite(path, "three\nfour\n");
    world.shard->wake({tail});
    world.poll();
    ASSERT_EQ(world.sink->held.size(), 2U) << "what was read before is still in flight";
    world.sink->finish(0);
    EXPECT_EQ(world.file(1).watermark.value, 0U);
    world.sink->finish(0);
    EXPECT_EQ(world.file(1).watermark.value, 11U);
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two", "three", "four"));
}

TEST(Shard, DrainWaitsForWhatIsInFlightAndStoresTheCheckpoints) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    bool drained = false;
    world.shard->drain(10s, [&] { drained = true; });
    test::append_to(path, "two\n");
    world.shard->wake({tail});
    world.poll();
    EXPECT_FALSE(drained);
    EXPECT_EQ(world.sink->held.size(), 1U) << "it reads nothing more";
    world.sink->finish_all();
    world.poll();
    EXPECT_TRUE(drained);
    EXPECT_EQ(world.stored().at({"p", {.inode = 1}}).watermark.value, 4U);
}

TEST(Shard, CheckpointsAreStoredWithinSecondsAndOnlyWhenSomethingMoved) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    world.follow(path, 1);
    world.poll();
    world.sink->finish_all();
    EXPECT_TRUE(world.until([&] { return world.stored().contains({"p", {.inode = 1}}); }, 3s));
    const auto writes = std::ranges::count(world.disk->calls, "write");
    world.shard->store_checkpoints(checkpoint::Durability::host);
    (void)world.stored();
    EXPECT_EQ(std::ranges::count(world.disk->calls, "write"), writes);
}

TEST(Shard, ARetiredPipelineDeliversWhatIsInFlightAndIsForgotten) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    bool retired = false;
    world.shard->retire("p", Successor::no, 10s, [&](const auto&) { retired = true; });
    world.poll();
    EXPECT_FALSE(retired);
    world.sink->finish_all();
    world.poll();
    EXPECT_TRUE(retired);
    EXPECT_THAT(world.shard->status().pipelines, IsEmpty());
    EXPECT_EQ(world.stored().at({"p", {.inode = 1}}).watermark.value, 4U);
    world.shard->wake({tail});  // facts about what is no more
    world.shard->left(tail);
    world.shard->moved(tail, "b");
    world.poll();
}

TEST(Shard, TheOffsetIsSetByHandOnceNothingIsInFlight) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\ntwo\n");
    world.follow(path, 1);
    world.poll();
    EXPECT_EQ(world.shard->set_offset("p", {.inode = 2}, {0}), IsFollowed::no);
    EXPECT_EQ(world.shard->set_offset("q", {.inode = 1}, {0}), IsFollowed::no);
    EXPECT_FALSE(world.shard->set_offset("p", {.inode = 1}, {9}).has_value()) << "beyond the end";
    ASSERT_EQ(world.shard->set_offset("p", {.inode = 1}, {4}), IsFollowed::yes);
    EXPECT_EQ(world.file(1).watermark.value, 0U);
    world.sink->finish_all();
    EXPECT_EQ(world.file(1).watermark.value, 4U);
    world.poll();
    world.sink->finish_all();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two", "two"));
}

TEST(Shard, ACheckpointOfAnotherDeviceIsReplaced) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\ntwo\n");
    world.follow(path, 1);
    world.poll();
    world.sink->finish_all();
    world.shard->store_checkpoints(checkpoint::Durability::host);
    const auto before = world.stored().at({"p", {.inode = 1}});
    world.crash();
    world.start();
    test::append_to(path, "three\n");
    world.shard->follow("p", {.id = {100},
                              .path = path,
                              .identity = {.device = 5, .inode = 1},
                              .fd = std::make_shared<const base::UniqueFd>(::open(path.c_str(), O_RDONLY)),
                              .checkpoint = before});
    world.poll();
    world.sink->finish_all();
    world.shard->store_checkpoints(checkpoint::Durability::host);
    EXPECT_THAT(world.sink->delivered, ElementsAre("three"));
    const auto after = world.stored();
    EXPECT_FALSE(after.contains({"p", {.inode = 1}}));
    EXPECT_EQ(after.at({"p", {.device = 5, .inode = 1}}).watermark.value, 14U);
}

TEST(Shard, TheRouteIsOpenedUnderThePathThatTheFileWasFirstFollowedAs) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    world.sink->finish_all();
    fs::rename(path, world.folder.at("a.log.1"));
    world.shard->moved(tail, world.folder.at("a.log.1"));
    world.shard->store_checkpoints(checkpoint::Durability::host);
    EXPECT_EQ(world.stored().at({"p", {.inode = 1}}).path, world.folder.at("a.log.1"));
    world.crash();
    world.start();
    world.follow(world.folder.at("a.log.1"), 1);
    EXPECT_EQ(world.sink->routes.at(0).path, path);
}

// Takes as long as a deleted file has to be quiet.
TEST(Shard, ADeletedFileIsFinishedWithItsPartialLineOnceItIsQuiet) {
    ShardWorld world;
    const auto path = world.folder.at("a.log");
    const auto kept = world.folder.at("b.log");
    test::rewrite(path, "one\nrest");
    test::rewrite(kept, "two\n");
    const auto tail = world.follow(path, 1);
    world.follow(kept, 2);
    world.poll();
    world.sink->finish_all();
    world.shard->store_checkpoints(checkpoint::Durability::host);
    EXPECT_TRUE(world.stored().contains({"p", {.inode = 1}}));
    std::ofstream writer(path, std::ios::app);
    fs::remove(path);
    world.shard->left(tail);
    writer << "\nlate\nend" << std::flush;  // it is still written to
    ASSERT_TRUE(world.until([&] {
        world.sink->finish_all();
        return !world.finished.empty();
    }));
    EXPECT_THAT(world.sink->delivered, UnorderedElementsAre("one", "two", "rest", "late", "end"));
    EXPECT_THAT(world.finished, ElementsAre(model::FileIdentity{.inode = 1}));
    EXPECT_EQ(world.shard->status().pipelines.at(0).files.size(), 1U);
    EXPECT_FALSE(world.stored().contains({"p", {.inode = 1}})) << "a deleted file needs no checkpoint";
}

TEST(Shard, AFileThatWasMovedOutOfSightIsClosedWithACheckpointOnceItIsQuiet) {
    base::ManualClock clock;
    ShardWorld world(64 << 20, &clock);
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    world.sink->finish_all();
    fs::rename(path, world.folder.at("moved"));
    world.shard->left(tail);
    clock.advance(59s);
    world.poll();
    EXPECT_THAT(world.finished, IsEmpty());
    clock.advance(2s);
    world.poll();
    EXPECT_THAT(world.finished, ElementsAre(model::FileIdentity{.inode = 1}));
    const auto checkpoint = world.stored().at({"p", {.inode = 1}});
    EXPECT_EQ(checkpoint.watermark.value, 4U);
    EXPECT_NE(checkpoint.missing_ms, 0U) << "from now on its retention counts";
    EXPECT_TRUE(world.finished_with && world.finished_with->watermark.value == 4) << "for when it is back in sight";
}

TEST(Shard, OfDeletedFilesTheFirstIsGivenUpBeyondTheirLimitAndItsLossIsTold) {
    ShardWorld world;
    constexpr std::size_t kFileBytes = 1 << 20;
    world.shard->set_limits({.deleted_bytes_max = kFileBytes + (kFileBytes / 2)});
    world.sink->open = false;  // nothing is read
    const std::string line(1023, 'x');
    std::string lines;
    for (std::size_t i = 0; i < kFileBytes / 1024; ++i) lines += line + "\n";
    for (const std::uint64_t inode : {1U, 2U}) {
        const auto path = world.folder.at(std::to_string(inode) + ".log");
        test::rewrite(path, lines);
        const auto tail = world.follow(path, inode);
        world.poll();
        fs::remove(path);
        world.shard->left(tail);
    }
    ASSERT_TRUE(world.until([&] { return !world.finished.empty(); }));
    EXPECT_THAT(world.finished, ElementsAre(model::FileIdentity{.inode = 1}));
    EXPECT_EQ(world.counter("venus_agent_losses_total", {{"pipeline", "p"}, {"reason", "deleted"}}), 1U);
    EXPECT_EQ(world.counter("venus_agent_bytes_lost_total", {{"pipeline", "p"}, {"reason", "deleted"}}), kFileBytes);
    const auto books = world.shard->status().pipelines.at(0).books;
    EXPECT_EQ(books.lost[1], kFileBytes);
    EXPECT_EQ(books.seen, 2 * kFileBytes);
}

TEST(Shard, ADeletedFileThatWasReadToItsEndIsLetGoWithoutALoss) {
    ShardWorld world;
    world.shard->set_limits({.deleted_bytes_max = 1});
    world.sink->takes_all = true;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    fs::remove(path);
    world.shard->left(tail);
    ASSERT_TRUE(world.until([&] { return !world.finished.empty(); }));
    EXPECT_EQ(world.counter("venus_agent_losses_total", {{"pipeline", "p"}, {"reason", "deleted"}}), 0U);
}

TEST(Shard, WhatIsInFlightOfAFileThatIsGivenUpMayStillArrive) {
    ShardWorld world;
    world.shard->set_limits({.deleted_bytes_max = 1});
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\ntwo\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    ASSERT_EQ(world.sink->held.size(), 1U);
    test::append_to(path, "unread\n");
    fs::remove(path);
    world.sink->open = false;
    world.shard->left(tail);
    ASSERT_TRUE(world.until(
        [&] { return world.counter("venus_agent_losses_total", {{"pipeline", "p"}, {"reason", "deleted"}}) == 1; }));
    EXPECT_TRUE(world.finished.empty());
    world.sink->finish_all();
    ASSERT_TRUE(world.until([&] { return !world.finished.empty(); }));
    const auto books = world.shard->status().pipelines.at(0).books;
    EXPECT_EQ(books.acked, 8U);
    EXPECT_EQ(books.lost[1], 7U);
}

TEST(Shard, OfTheGenerationsOfAFileTheOldestIsReadToItsEndFirst) {
    ShardWorld world;
    std::vector<model::TailId> tails;
    const auto fill = [&](const std::string& name, char byte) {
        const auto path = world.folder.at(name);
        test::rewrite(path, std::string(3 * read::kExtentBytesMax - 1, byte) + '\n');
        return path;
    };
    world.framing.line_limit = {.bytes_max = 1000, .policy = config::LongLine::split};
    auto* sink = world.add("q");
    sink->takes_all = true;
    world.follow(fill("a.log.2", '2'), 2, "q");
    world.follow(fill("other.log", 'o'), 4, "q");
    world.follow(fill("a.log.1", '1'), 1, "q");
    world.follow(fill("a.log", '0'), 3, "q");
    world.poll();
    std::string order;
    for (const auto& line : sink->delivered)
        if (order.empty() || order.back() != line.front()) order += line.front();
    const auto first = [&](char byte) { return order.find(byte); };
    EXPECT_LT(order.rfind('2'), first('1')) << order;
    EXPECT_LT(order.rfind('1'), first('0')) << order;
    EXPECT_LT(first('o'), first('1')) << "another file does not wait for them: " << order;
}

TEST(Shard, FilesThatAreNumberedAreNoGenerationsWithoutAPlainName) {
    ShardWorld world;
    world.sink->takes_all = true;
    const auto busy = world.folder.at("worker.3");
    const auto quiet = world.folder.at("worker.1");
    test::rewrite(busy, std::string(20 * read::kExtentBytesMax, '\n'));
    test::rewrite(quiet, "one\n");
    world.follow(busy, 3);
    world.follow(quiet, 1);
    world.poll();
    const auto& delivered = world.sink->delivered;
    EXPECT_LT(std::ranges::find(delivered, "one") - delivered.begin(), 2 * read::kExtentBytesMax) << "in its turn";
}

TEST(Shard, WhatIsLeftOfARotatedFileIsReadBeforeTheNewOne) {
    ShardWorld world;
    world.sink->open = false;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "");
    const auto old = world.follow(path, 1);
    world.poll();
    test::append_to(path, std::string(2 * read::kExtentBytesMax, '\n') + "old\n");
    fs::rename(path, world.folder.at("a.log.1"));
    test::rewrite(path, "new\n");
    const auto young = world.follow(path, 2);
    world.shard->wake({young});
    world.shard->moved(old, world.folder.at("a.log.1"));
    world.shard->wake({old});
    world.sink->open = true;
    world.sink->takes_all = true;
    world.shard->sink_ready();
    world.poll();
    EXPECT_EQ(world.sink->delivered.back(), "new");
}

TEST(Shard, AFileThatIsMissingIsTold) {
    ShardWorld world;
    world.shard->file_missing("p", {.watermark = {10}, .seen = {15}});
    world.shard->file_missing("p", {.watermark = {10}, .seen = {10}});
    const telemetry::MetricLabels labels{{"pipeline", "p"}, {"reason", "deleted_while_stopped"}};
    EXPECT_EQ(world.counter("venus_agent_losses_total", labels), 2U);
    EXPECT_EQ(world.counter("venus_agent_bytes_lost_total", labels), 5U);
}

TEST(Shard, WhatALaggingFileHoldsIsStored) {
    ShardWorld world;
    world.sink->open = false;
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    world.follow(path, 1);
    world.poll();
    world.shard->store_checkpoints(checkpoint::Durability::host);
    test::append_to(path, "two\n");
    world.shard->store_checkpoints(checkpoint::Durability::host);
    EXPECT_EQ(world.stored().at({"p", {.inode = 1}}).seen.value, 8U);
}

TEST(Shard, ThePartialLineOfADeletedFileWaitsForRoom) {
    base::ManualClock clock;
    ShardWorld world(1, &clock);  // bytes: room for one extent
    const auto path = world.folder.at("a.log");
    const auto other = world.folder.at("b.log");
    test::rewrite(path, "rest");
    const auto tail = world.follow(path, 1);
    world.poll();
    fs::remove(path);
    world.shard->left(tail);
    test::rewrite(other, "one\n");
    world.follow(other, 2);
    world.poll();
    ASSERT_EQ(world.sink->held.size(), 1U);
    clock.advance(6s);
    world.poll();
    EXPECT_EQ(world.sink->held.size(), 1U) << "no room, no reading";
    world.sink->finish_all();
    clock.advance(1s);
    world.poll();
    world.sink->finish_all();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "rest"));
}

TEST(Shard, ADeletedFileThatWasTruncatedAndWrittenToIsReadBeforeItIsClosed) {
    base::ManualClock clock;
    ShardWorld world(64 << 20, &clock);
    const auto path = world.folder.at("a.log");
    test::rewrite(path, "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    const base::UniqueFd writer(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    fs::remove(path);
    world.shard->left(tail);
    world.poll();
    clock.advance(6s);  // quiet for long, but not acknowledged
    world.poll();
    ASSERT_EQ(::ftruncate(writer.get(), 0), 0);
    ASSERT_EQ(::write(writer.get(), "two\n", 4), 4);
    world.sink->finish_all();
    clock.advance(1s);
    world.poll();
    world.sink->finish_all();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
}

}  // namespace
}  // namespace agent::pipeline
