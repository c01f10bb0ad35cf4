// A container's line that was rotated in its middle: its pieces are in two files.
#include <array>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "common/base/manual_clock.h"
#include "tests/unit/pipeline/shard_world.h"

namespace agent::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::string cri(const std::string& stream, const std::string& tag, const std::string& text) {
    return "2026-11-28T09:00:00.000000000Z " + stream + " " + tag + " " + text + "\n";
}
std::string out(const std::string& tag, const std::string& text) {
    return cri("stdout", tag, text);
}
std::string err(const std::string& tag, const std::string& text) {
    return cri("stderr", tag, text);
}

class RotatedLinesTest : public testing::Test {
 protected:
    RotatedLinesTest() {
        source.type = config::SourceType::container;
        world.framing = *split::Framing::make(source);
    }
    void add_pipeline(config::OnReject on_reject) { sink = world.add("q", on_reject, source); }
    void begin_with(const std::string& text) {
        if (!sink) add_pipeline(config::OnReject::block);
        test::rewrite(path, text);
        older = world.follow(path, 1, "q");
        world.poll();
    }
    // As the runtime does: what it writes from now on is in a new file.
    void rotate(const std::string& text) {
        rename_and_follow(text);
        world.poll();
    }
    void rename_and_follow(const std::string& text) {
        std::filesystem::rename(path, path + ".1");
        world.shard->moved(older, path + ".1");
        test::rewrite(path, text);
        newer = world.follow(path, 2, "q");
    }
    void write(const std::string& text) {
        test::append_to(path, text);
        world.shard->wake({newer});
        world.poll();
    }
    void deliver() {
        do {
            sink->finish_all();
            world.poll();
        } while (!sink->held.empty());
    }
    void wait(std::chrono::milliseconds time) {
        clock.advance(time);
        world.poll();
    }
    std::uint64_t watermark(std::uint64_t inode) { return world.file(inode, 1).watermark.value; }
    void expect_all_acked() {
        for (const std::uint64_t inode : {1U, 2U}) {
            const auto file = world.file(inode, 1);
            EXPECT_EQ(file.lag_bytes, 0U) << inode;
            EXPECT_EQ(file.books.seen, file.watermark.value) << inode;
            EXPECT_EQ(file.books.read, file.watermark.value) << inode;
            EXPECT_EQ(file.books.acked, file.watermark.value) << inode;
        }
    }

    config::FileSourceConfig source;
    base::ManualClock clock;
    ShardWorld world{64 << 20, &clock};
    FakeSink* sink = nullptr;
    std::string path = world.folder.at("0.log");
    model::TailId older;
    model::TailId newer;
};

TEST_F(RotatedLinesTest, ItsPiecesAreOneRecord) {
    begin_with(out("F", "before") + out("P", "one "));
    rotate(out("P", "two ") + out("F", "three") + out("F", "behind"));
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("before", "one two three", "behind"));
    expect_all_acked();
}

TEST_F(RotatedLinesTest, NothingOfTheNewerFileIsReadBeforeItIsThrough) {
    begin_with(out("P", "one "));
    rotate(out("F", "two") + out("F", "behind"));
    ASSERT_EQ(sink->held.size(), 1U);
    EXPECT_EQ(sink->held[0]->records.at(0).line(), "one two");
    EXPECT_EQ(watermark(2), 0U);
    sink->finish(0);
    EXPECT_EQ(watermark(2), out("F", "two").size());
    deliver();
    expect_all_acked();
}

TEST_F(RotatedLinesTest, BothFilesMayBeFoundAtOnce) {
    add_pipeline(config::OnReject::block);
    test::rewrite(path, out("P", "one "));
    older = world.follow(path, 1, "q");
    rename_and_follow(out("F", "two") + out("F", "behind"));
    world.poll();
    ASSERT_EQ(sink->held.size(), 1U) << "the newer one waits while the line is on its way";
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("one two", "behind"));
    expect_all_acked();
}

TEST_F(RotatedLinesTest, TheOlderFileMayHaveGrownUnseen) {
    begin_with(out("F", "before"));
    deliver();
    test::append_to(path, out("P", "one "));
    std::filesystem::rename(path, path + ".1");
    test::rewrite(path, out("F", "two"));
    newer = world.follow(path, 2, "q");
    world.poll();
    world.shard->moved(older, path + ".1");
    world.poll();
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("before", "one two"));
    expect_all_acked();
}

TEST_F(RotatedLinesTest, WhatIsBeforeItIsDeliveredFirst) {
    begin_with(out("F", "before"));
    ASSERT_EQ(sink->held.size(), 1U);
    test::append_to(path, out("P", "one "));
    rotate(out("F", "two") + out("F", "behind"));
    wait(5100ms);
    ASSERT_EQ(sink->held.size(), 1U) << "however long that takes";
    sink->finish(0, "broker is away");
    wait(1s);
    sink->delivered.clear();
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("before", "one two", "behind")) << "it was read again with it";
    expect_all_acked();
}

TEST_F(RotatedLinesTest, ItsRestMayComeLater) {
    begin_with(out("P", "one "));
    rotate("");
    write(out("P", "two "));
    wait(3s);
    EXPECT_THAT(sink->held, IsEmpty());
    write(out("F", "three"));
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("one two three"));
    expect_all_acked();
}

TEST_F(RotatedLinesTest, WhatIsNeverCompletedIsSentWhenItsTimeIsOver) {
    begin_with(out("P", "one "));
    rotate(out("P", "two "));
    wait(5100ms);
    deliver();
    wait(5100ms);
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("one ", "two "));
    expect_all_acked();
}

TEST_F(RotatedLinesTest, ItIsReadAgainFromBothFilesWhenItWasNotTaken) {
    begin_with(out("P", "one "));
    rotate(out("F", "two") + out("F", "behind"));
    sink->finish(0, "broker is away");
    EXPECT_EQ(watermark(2), 0U);
    wait(1s);
    sink->delivered.clear();
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("one two", "behind"));
    expect_all_acked();
}

TEST_F(RotatedLinesTest, TheOtherStreamsLinesBetweenItsPiecesAreKept) {
    begin_with(out("P", "one ") + err("F", "e1") + err("P", "e2 "));
    rotate(err("F", "e2") + err("F", "e3") + out("F", "two") + out("F", "behind") + err("F", "e4"));
    sink->finish(0);
    EXPECT_EQ(watermark(2), err("F", "e2").size()) << "the head alone";
    world.poll();
    ASSERT_EQ(sink->held.size(), 1U);
    const auto& e3 = sink->held[0]->records.at(0);
    EXPECT_EQ(e3.begin.value, err("F", "e2").size()) << "each has the place where it is";
    EXPECT_EQ(e3.end.value, 2 * err("F", "e2").size());
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("one two", "e1", "e2 e2", "e3", "behind", "e4"));
    expect_all_acked();
}

TEST_F(RotatedLinesTest, WhatWasLentIsLeftOutHoweverOftenTheNewerFileIsRead) {
    begin_with(out("P", "one "));
    rotate(err("F", "e1") + out("F", "two") + err("F", "e2"));
    sink->finish(0);
    world.poll();
    ASSERT_EQ(sink->held.size(), 1U);
    sink->finish(0, "broker is away");
    wait(1s);
    sink->delivered.clear();
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("e1", "e2"));
    expect_all_acked();
}

TEST_F(RotatedLinesTest, ANewerFileThatIsTruncatedLendsNothingAnyMore) {
    begin_with(out("P", "one "));
    rotate(err("F", "e1") + out("F", "two"));
    deliver();
    test::rewrite(path, "");
    write(out("F", "new"));
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("one two", "e1", "new"));
}

TEST_F(RotatedLinesTest, AnOlderFileThatCannotBeOpenedIsNotWaitedFor) {
    begin_with(out("F", "one"));
    deliver();
    wait(16s);  // it is idle, and closed
    test::append_to(path, out("P", "two "));
    std::filesystem::rename(path, path + ".1");
    test::rewrite(path, out("F", "three"));
    newer = world.follow(path, 2, "q");
    world.files.unopenable = true;
    world.shard->moved(older, path + ".1");
    world.poll();
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("one", "three"));
}

TEST_F(RotatedLinesTest, ARejectedOneIsDroppedWithBothItsPieces) {
    add_pipeline(config::OnReject::drop);
    begin_with(out("P", "one "));
    rotate(out("F", "two") + out("F", "behind"));
    ASSERT_EQ(sink->held.size(), 1U);
    sink->reject(0, model::Rejection::not_authorised);
    EXPECT_EQ(watermark(2), out("F", "two").size());
    EXPECT_EQ(world.file(1, 1).books.dropped_for(model::DropReason::rejected), out("P", "one ").size());
    deliver();
    EXPECT_EQ(sink->delivered.back(), "behind");
    EXPECT_EQ(world.file(2, 1).lag_bytes, 0U);
}

TEST_F(RotatedLinesTest, ADeadLetterHasBothItsPieces) {
    add_pipeline(config::OnReject::dead_letter);
    begin_with(out("P", "one "));
    rotate(out("F", "two") + out("F", "behind"));
    sink->reject(0, model::Rejection::not_authorised);
    ASSERT_EQ(sink->held.size(), 1U);
    EXPECT_EQ(sink->held[0]->dead_letter_why, "rejected");
    EXPECT_EQ(sink->held[0]->records.at(0).line(), "one two");
    sink->finish(0);
    EXPECT_EQ(watermark(1), out("P", "one ").size());
    EXPECT_EQ(watermark(2), out("F", "two").size());
}

TEST_F(RotatedLinesTest, BothCheckpointsAreStoredTogether) {
    begin_with(out("P", "one "));
    rotate(out("F", "two") + out("F", "behind"));
    sink->finish(0);
    world.shard->store_checkpoints(checkpoint::Durability::process);
    const auto stored = world.stored();
    const auto begins = [&](std::uint64_t inode) { return stored.at({"q", {.inode = inode}}).watermark.value; };
    EXPECT_EQ(begins(1), out("P", "one ").size());
    EXPECT_EQ(begins(2), out("F", "two").size()) << "or it would be sent once more, alone";
}

TEST_F(RotatedLinesTest, TheNewerFileGoesOnWhenTheOlderOneIsGivenUp) {
    begin_with(out("P", "one "));
    rotate(out("P", "two "));
    std::filesystem::remove(path + ".1");
    config::AgentConfig agent;
    agent.deleted_bytes_max = 1;
    world.shard->set_limits(agent);
    world.shard->left(older);
    wait(1s);
    wait(5100ms);
    deliver();
    EXPECT_THAT(sink->delivered, ElementsAre("two "));
}

// Lines of two streams in pieces, in generations that end anywhere.
TEST_F(RotatedLinesTest, WhereverALogIsRotatedTheSameLinesArrive) {
    std::mt19937 random(42);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    add_pipeline(config::OnReject::block);
    for (int history = 0; history < 200; ++history) {
        SCOPED_TRACE(history);
        std::vector<std::string> written;
        std::vector<std::string> expected;
        std::array<std::string, 2> open;
        const auto write_piece = [&](std::size_t stream, bool is_last) {
            const auto text = std::to_string(random() % 1000) + (stream == 0 ? "o" : "e");
            written.push_back(cri(stream == 0 ? "stdout" : "stderr", is_last ? "F" : "P", text));
            open.at(stream) += text;
            if (is_last) expected.push_back(std::exchange(open.at(stream), {}));
        };
        for (int piece = 0; piece < 12; ++piece) write_piece(random() % 2, random() % 2 == 0);
        for (const std::size_t stream : {0U, 1U})
            if (!open.at(stream).empty()) write_piece(stream, true);
        const auto cut = static_cast<std::ptrdiff_t>(random() % written.size());
        const auto text_of = [](auto from, auto to) { return std::accumulate(from, to, std::string()); };

        const auto name = world.folder.at("h" + std::to_string(history) + ".log");
        const auto inode = 10 + (2 * static_cast<std::uint64_t>(history));
        test::rewrite(name, text_of(written.begin(), written.begin() + cut));
        older = world.follow(name, inode, "q");
        if (random() % 2 == 0) world.poll();
        if (random() % 2 == 0) deliver();
        std::filesystem::rename(name, name + ".1");
        world.shard->moved(older, name + ".1");
        test::rewrite(name, text_of(written.begin() + cut, written.end()));
        newer = world.follow(name, inode + 1, "q");
        world.poll();
        deliver();
        const auto delivered = std::exchange(sink->delivered, {});
        EXPECT_THAT(delivered, testing::UnorderedElementsAreArray(expected));
        EXPECT_EQ(world.file(inode, 1).lag_bytes + world.file(inode + 1, 1).lag_bytes, 0U);
    }
}

}  // namespace
}  // namespace agent::pipeline
