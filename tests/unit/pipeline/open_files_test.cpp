#include "agent/pipeline/open_files.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "common/base/manual_clock.h"
#include "tests/unit/pipeline/shard_world.h"

namespace agent::pipeline {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr auto kIdle = 16s;  // kIdleTime, and the next look

class OpenFilesTest : public testing::Test {
 protected:
    std::string make(const std::string& name, const std::string& bytes) {
        test::rewrite(world.folder.at(name), bytes);
        return world.folder.at(name);
    }
    void let_pass(std::chrono::steady_clock::duration time) {
        for (; time > 0s; time -= 250ms) {
            clock.advance(250ms);
            world.poll();
        }
    }
    // A file that is followed, read to its end and closed.
    model::TailId follow_and_close(const std::string& path) {
        world.sink->takes_all = true;
        const auto tail = world.follow(path, 1);
        let_pass(kIdle);
        EXPECT_EQ(open(), 0U);
        return tail;
    }
    std::size_t open() {
        std::erase_if(world.files.opened, [](const auto& fd) { return fd.expired(); });
        return world.files.opened.size();
    }
    std::uint64_t lost(const char* what) { return world.counter(what, {{"pipeline", "p"}, {"reason", "deleted"}}); }

    base::ManualClock clock;
    ShardWorld world{64 << 20, &clock};
};

TEST_F(OpenFilesTest, AnIdleFileIsClosedAndReadOnWhenItGrows) {
    const auto path = make("a.log", "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    let_pass(kIdle);
    EXPECT_EQ(open(), 1U) << "in flight";
    world.sink->finish_all();
    let_pass(kIdle);
    EXPECT_EQ(open(), 0U);
    EXPECT_EQ(world.file(1).size_bytes, 4U);
    EXPECT_EQ(world.file(1).lag_bytes, 0U);
    test::append_to(path, "two\n");
    world.shard->wake({tail});
    world.poll();
    world.sink->finish_all();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
    EXPECT_EQ(world.file(1).books.acked, 8U);
}

TEST_F(OpenFilesTest, AFileWithBytesThatAreNotReadStaysOpen) {
    world.follow(make("a.log", "part"), 1);
    let_pass(kIdle);
    EXPECT_EQ(open(), 1U);
}

TEST_F(OpenFilesTest, AFileThatNobodyWroteToIsNotOpenedAgain) {
    const auto tail = world.follow(make("a.log", ""), 1);
    let_pass(kIdle);
    world.shard->wake({tail});  // as the sweep does
    EXPECT_EQ(open(), 0U);
    EXPECT_EQ(world.file(1).state, "idle");
}

TEST_F(OpenFilesTest, ASweepLooksAtOpenFilesAndAtAPartOfTheClosedOnes) {
    constexpr std::uint64_t kFiles = 30;
    world.sink->takes_all = true;
    for (std::uint64_t i = 0; i < kFiles; ++i) world.follow(make(std::to_string(i), ""), 10 + i);
    let_pass(kIdle);
    world.follow(make("open", ""), 1);
    const auto grow_all = [&] {  // without an event
        for (std::uint64_t i = 0; i < kFiles; ++i) test::append_to(world.folder.at(std::to_string(i)), "line\n");
        test::append_to(world.folder.at("open"), "open\n");
    };
    const auto sweep = [&](discover::Sweep why) {
        world.sink->delivered.clear();
        world.shard->look_at_all(why);
        world.poll();
        return world.sink->delivered.size();
    };
    grow_all();
    EXPECT_EQ(sweep(discover::Sweep::routine), kFiles / 3 + 1);
    EXPECT_EQ(sweep(discover::Sweep::routine), kFiles / 3);
    EXPECT_EQ(sweep(discover::Sweep::routine), kFiles / 3);
    let_pass(kIdle);
    grow_all();
    EXPECT_EQ(sweep(discover::Sweep::events_lost), kFiles + 1);
}

TEST_F(OpenFilesTest, AClosedFileThatIsRewrittenWithTheSameSizeIsReadAgain) {
    const auto path = make("a.log", "one\n");
    const auto tail = follow_and_close(path);
    test::rewrite(path, "two\n");
    world.shard->wake({tail});
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
}

TEST_F(OpenFilesTest, AFileThatWasRewrittenWithTheSameSizeWithoutAnEventIsNotClosed) {
    const auto path = make("a.log", "one\n");
    world.follow(path, 1);
    world.sink->takes_all = true;
    let_pass(1s);
    test::rewrite(path, "two\n");
    let_pass(kIdle);
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
}

TEST_F(OpenFilesTest, AFileThatGrowsWithoutRoomInTheBudgetIsOpenedAtOnce) {
    world.shard->set_limits({.memory_limit = 1, .shutdown_timeout = {}, .allow_paths = {}});
    const auto path = make("a.log", "");
    const auto tail = world.follow(path, 1);
    let_pass(kIdle);
    world.follow(make("b.log", "held\n"), 2);
    world.poll();
    ASSERT_THAT(world.sink->held, SizeIs(1));
    test::append_to(path, "one\n");
    world.shard->wake({tail});
    fs::remove(path);
    world.shard->left(tail);
    world.sink->takes_all = true;
    world.sink->finish_all();
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("held", "one"));
}

TEST_F(OpenFilesTest, AClosedFileIsOpenedUnderItsNewName) {
    const auto path = make("a.log", "one\n");
    const auto tail = follow_and_close(path);
    test::append_to(path, "two\n");
    fs::rename(path, world.folder.at("a.log.1"));
    world.shard->wake({tail});
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one")) << "the path leads nowhere";
    make("a.log", "another file\n");
    world.shard->wake({tail});
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one")) << "the path leads to another file";
    world.shard->moved(tail, world.folder.at("a.log.1"));
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
}

TEST_F(OpenFilesTest, AFileWithTwoNamesIsOpenedByTheOneThatIsLeft) {
    const auto path = make("a.log", "one\n");
    const auto other = world.folder.at("b.log");
    fs::create_hard_link(path, other);
    const auto tail = follow_and_close(path);
    world.shard->moved(tail, other);
    EXPECT_EQ(world.file(1).path, path) << "it leads to the file still";
    fs::remove(path);
    world.shard->moved(tail, other);
    EXPECT_EQ(world.file(1).path, other);
    test::append_to(other, "two\n");
    world.shard->wake({tail});
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
}

TEST_F(OpenFilesTest, AClosedFileThatLeavesIsFinishedWithoutAWordAndKnownAgain) {
    const auto path = make("a.log", "one\n");
    const auto tail = follow_and_close(path);
    fs::remove(path);
    world.shard->left(tail);
    EXPECT_THAT(world.finished, SizeIs(1));
    EXPECT_EQ(lost("venus_agent_losses_total"), 0U);
    const auto checkpoint = world.stored().at({"p", {.inode = 1}});
    EXPECT_EQ(checkpoint.watermark.value, 4U) << "it may have been moved, and come back";
    EXPECT_GT(checkpoint.missing_ms, 0U);
}

TEST_F(OpenFilesTest, WhatItsWriterStillWritesToAClosedFileThatLeftIsReadByItsHandle) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs CAP_DAC_READ_SEARCH";
    world.files.handles_open = true;
    world.sink->takes_all = true;
    for (const bool removed : {false, true}) {
        world.sink->delivered.clear();
        const auto path = make("a.log", "one\n");
        const auto tail = world.follow(path, removed ? 1 : 2);
        const base::UniqueFd writer(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
        let_pass(kIdle);
        ASSERT_EQ(open(), 0U);
        if (removed)
            fs::remove(path);
        else
            fs::rename(path, world.folder.at("out-of-sight"));
        world.shard->left(tail);
        ASSERT_EQ(::write(writer.get(), "two\n", 4), 4);
        let_pass(1s);
        EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two")) << removed;
        let_pass(70s);
        EXPECT_EQ(open(), 0U);
    }
}

TEST_F(OpenFilesTest, AFileThatGrewAndCannotBeOpenedLagsAndItsLossIsTold) {
    const auto path = make("a.log", "one\n");
    const auto tail = follow_and_close(path);
    test::append_to(path, "two\n");
    world.files.unopenable = true;
    world.shard->wake({tail});
    EXPECT_EQ(world.file(1).lag_bytes, 4U);
    EXPECT_EQ(world.shard->status().pipelines.at(0).unopenable, 1U);
    fs::remove(path);
    world.shard->left(tail);
    EXPECT_EQ(lost("venus_agent_bytes_lost_total"), 4U);
}

TEST_F(OpenFilesTest, WithoutAnyDescriptorTheStatusSaysSo) {
    world.files.open_max = 0;
    world.follow(make("a.log", "one\n"), 1);
    let_pass(5s);
    EXPECT_FALSE(world.shard->status().no_descriptors);
    let_pass(6s);
    EXPECT_TRUE(world.shard->status().no_descriptors);
    world.files.open_max = 1;
    let_pass(1s);
    EXPECT_FALSE(world.shard->status().no_descriptors);
}

TEST_F(OpenFilesTest, WhatWasUnpackedIsNobodyElsesFile) {
    auto* other = world.add("q");
    world.sink->takes_all = other->takes_all = true;
    const auto fd = [&](const std::string& path) {
        return std::make_shared<const base::UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    };
    const auto follow = [&](const std::string& pipeline, std::uint64_t id, const std::string& path) {
        world.shard->follow(
            pipeline,
            {.id = {id}, .path = path, .identity = {.inode = 7}, .fd = fd(path), .checkpoint = {}, .is_copy = true});
    };
    follow("p", 1, make("one", "one\n"));
    follow("q", 2, make("two", "two\n"));
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one"));
    EXPECT_THAT(other->delivered, ElementsAre("two"));
}

TEST_F(OpenFilesTest, AFileThatAnotherPipelineHasOpenIsReadThoughItWasDeleted) {
    auto* other = world.add("q");
    other->open = false;
    const auto path = make("a.log", "one\n");
    world.sink->takes_all = true;
    const auto tail = world.follow(path, 1);
    const auto stuck = world.follow(path, 1, "q");
    let_pass(kIdle);
    EXPECT_EQ(open(), 1U) << "the other one has not read it";
    test::append_to(path, "two\n");
    fs::remove(path);
    world.shard->left(tail);
    world.shard->left(stuck);
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
}

TEST_F(OpenFilesTest, WithTooFewDescriptorsFilesTakeTurns) {
    world.files.open_max = 2;
    std::vector<model::TailId> tails;
    for (std::uint64_t i = 1; i <= 9; ++i)
        tails.push_back(world.follow(make(std::to_string(i), std::string(3 * read::kExtentBytesMax, '\n')), i));
    for (int turn = 0; turn < 40; ++turn) {
        world.poll();
        EXPECT_LE(open(), 2U);
        if (!world.sink->held.empty()) world.sink->finish(0);
    }
    world.poll();
    for (std::uint64_t i = 1; i <= 9; ++i) EXPECT_EQ(world.file(i).lag_bytes, 0U) << i;
    EXPECT_EQ(world.sink->acked.size(), 27U) << "nothing was read twice";
}

TEST_F(OpenFilesTest, WhatIsInFlightKeepsItsDescriptor) {
    world.files.open_max = 1;
    const auto path = make("a.log", "one\n");
    const auto tail = world.follow(path, 1);
    world.poll();
    world.follow(make("b.log", "two\n"), 2);
    let_pass(1s);
    EXPECT_EQ(world.file(2).state, "waiting");
    fs::remove(path);
    world.shard->left(tail);
    world.sink->finish(0, "not taken");
    let_pass(2s);
    ASSERT_THAT(world.sink->held, SizeIs(1)) << "it is read again";
    world.sink->takes_all = true;
    world.sink->finish_all();
    let_pass(10s);
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two"));
}

TEST_F(OpenFilesTest, AFileThatWaitsForAStuckPipelineGivesItsDescriptorToAnother) {
    world.files.open_max = 1;
    world.sink->open = false;
    auto* other = world.add("q");
    other->takes_all = true;
    world.follow(make("a.log", "one\n"), 1);
    world.poll();
    world.follow(make("b.log", "two\n"), 2, "q");
    let_pass(1s);
    EXPECT_THAT(other->delivered, ElementsAre("two"));
}

TEST_F(OpenFilesTest, AFileThatWasNeverOpenedKeepsItsCheckpoint) {
    const auto path = make("a.log", "one\n");
    world.follow(path, 1);
    world.poll();
    world.sink->finish_all();
    world.shard->store_checkpoints(checkpoint::Durability::host);
    const auto before = world.stored().at({"p", {.inode = 1}});
    world.crash();
    world.start();
    world.files.open_max = 0;
    const auto tail = world.follow(path, 1);
    let_pass(1s);
    world.shard->moved(tail, path + ".1");
    world.shard->store_checkpoints(checkpoint::Durability::host);
    EXPECT_EQ(world.stored().at({"p", {.inode = 1}}), before);
    fs::remove(path);
    world.shard->left(tail);
    EXPECT_EQ(lost("venus_agent_losses_total"), 1U) << "nobody knows what it held";
    EXPECT_THAT(world.finished, SizeIs(1));
    EXPECT_EQ(world.stored().at({"p", {.inode = 1}}).watermark.value, 4U);
}

TEST_F(OpenFilesTest, WhatADeletedFileHeldThatGotNoDescriptorIsLostAndTold) {
    world.files.open_max = 1;
    world.shard->set_limits({.memory_limit = 1, .shutdown_timeout = {}, .allow_paths = {}});  // one extent at a time
    const auto path = make("a.log", std::string(read::kExtentBytesMax, '\n') + "unread\n");
    const auto tail = world.follow(path, 1);
    world.follow(make("b.log", "two\n"), 2);
    world.poll();
    world.sink->finish(0);
    world.poll();
    ASSERT_EQ(world.file(1).lag_bytes, 7U) << "the other one has the descriptor";
    fs::remove(path);
    world.shard->left(tail);
    EXPECT_EQ(lost("venus_agent_bytes_lost_total"), 7U);
}

TEST_F(OpenFilesTest, WhatADeletedFileHeldThatWasNotOpenedSinceARestartIsInTheBooksToo) {
    const auto path = make("a.log", "one\ntwo\n");
    world.follow(path, 1);
    world.poll();
    world.sink->finish_all();
    world.shard->store_checkpoints(checkpoint::Durability::host);
    world.crash();
    world.disk->stored.at({"p", {.inode = 1}}).watermark = {4};
    world.start();
    world.files.open_max = 0;
    const auto tail = world.follow(path, 1);
    let_pass(1s);
    fs::remove(path);
    world.shard->left(tail);
    EXPECT_EQ(lost("venus_agent_bytes_lost_total"), 4U);
    EXPECT_EQ(world.shard->status().pipelines.at(0).books.lost_for(model::LossReason::deleted), 4U);
}

TEST_F(OpenFilesTest, TheOffsetOfAClosedFileIsSetByHand) {
    const auto path = make("a.log", "one\ntwo\n");
    world.follow(path, 1);
    world.sink->takes_all = true;
    let_pass(kIdle);
    ASSERT_EQ(open(), 0U);
    EXPECT_FALSE(world.shard->set_offset("p", {.inode = 1}, {9})) << "it has 8 bytes";
    EXPECT_EQ(world.shard->set_offset("p", {.inode = 1}, {4}), IsFollowed::yes);
    world.poll();
    EXPECT_THAT(world.sink->delivered, ElementsAre("one", "two", "two"));
}

TEST_F(OpenFilesTest, ARetiredPipelineHandsOverWhatItHadOpen) {
    const auto path = make("a.log", "one\n");
    world.follow(path, 1);
    world.follow(make("b.log", ""), 2);
    world.sink->takes_all = true;
    let_pass(kIdle);
    test::append_to(path, "part");
    const auto tail = world.follow(make("c.log", "three"), 3);
    let_pass(1s);
    fs::remove(world.folder.at("c.log"));
    world.shard->left(tail);
    std::vector<StillOpen> files;
    world.shard->retire("p", Successor::yes, 10s, [&](std::vector<StillOpen> open) { files = std::move(open); });
    world.poll();
    ASSERT_THAT(files, SizeIs(1)) << "the others can be opened again";
    EXPECT_EQ(files[0].identity, model::FileIdentity{.inode = 3});
    EXPECT_EQ(files[0].origin_path, world.folder.at("c.log"));
    EXPECT_EQ(open(), 1U);
}

TEST_F(OpenFilesTest, ARemovedPipelineDoesNotLoseWhatItReadUnpacked) {
    world.sink->open = false;
    const auto path = make("unpacked", "one\n");
    world.shard->follow("p", {.id = {1},
                              .path = path,
                              .identity = {.inode = 7},
                              .fd = std::make_shared<const base::UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
                              .checkpoint = {},
                              .is_copy = true});
    fs::remove(path);
    world.shard->left({1});
    world.poll();
    world.shard->retire("p", Successor::no, 10s, [](const auto&) {});
    world.poll();
    EXPECT_EQ(lost("venus_agent_losses_total"), 0U) << "it is there, packed";
    EXPECT_TRUE(world.stored().contains({"p", {.inode = 7}}));
}

}  // namespace
}  // namespace agent::pipeline
