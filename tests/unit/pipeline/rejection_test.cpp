// Records that the cluster will not take: found among their neighbours, and then what the pipeline says.
#include <random>

#include <gmock/gmock.h>

#include "tests/unit/pipeline/shard_world.h"

namespace agent::pipeline {
namespace {

using config::OnReject;
using testing::Contains;
using testing::ElementsAreArray;
using testing::Not;

constexpr const char* kPoison = "poison";

class RejectionTest : public testing::Test {
 protected:
    // Lines with one in the middle that is rejected, in a file of the pipeline "q".
    void write_lines(int count, int poisoned) {
        std::string text;
        for (int line = 0; line < count; ++line) {
            lines.push_back(line == poisoned ? kPoison : "line " + std::to_string(line));
            text += lines.back() + "\n";
        }
        test::rewrite(path, text);
    }
    std::uint64_t watermark() { return world.file(1, 1).watermark.value; }
    std::uint64_t dropped(const std::string& reason) {
        return world.counter("venus_agent_records_dropped_total", {{"pipeline", "q"}, {"reason", reason}});
    }
    bool run_until(const std::function<bool()>& done) {
        return world.until([&] {
            sink->judge(kPoison);
            return done();
        });
    }

    ShardWorld world;
    std::string path = world.folder.at("a.log");
    std::vector<std::string> lines;
    FakeSink* sink = nullptr;
};

TEST_F(RejectionTest, OnlyTheRejectedRecordIsDropped) {
    sink = world.add("q", OnReject::drop);
    write_lines(1000, 437);
    world.follow(path, 1, "q");
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    auto others = lines;
    std::erase(others, kPoison);
    EXPECT_THAT(sink->delivered, ElementsAreArray(others));
    EXPECT_EQ(dropped("rejected"), 1U);
}

TEST_F(RejectionTest, OnlyTheRejectedPieceOfALongLineIsDropped) {
    world.framing.line_limit.bytes_max = std::string(kPoison).size();
    sink = world.add("q", OnReject::drop);
    test::rewrite(path, "before" + std::string(kPoison) + "behind\n");
    world.follow(path, 1, "q");
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_THAT(sink->delivered, testing::ElementsAre("before", "behind"));
    EXPECT_EQ(dropped("rejected"), 1U);
}

TEST_F(RejectionTest, OnlyTheRejectedRecordGoesToTheDeadLetterTopic) {
    sink = world.add("q", OnReject::dead_letter);
    write_lines(1000, 437);
    world.follow(path, 1, "q");
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_THAT(sink->delivered, ElementsAreArray(lines)) << "the dead letter among them";
    EXPECT_EQ(dropped("dead_letter"), 1U);
    EXPECT_EQ(dropped("rejected"), 0U);
}

TEST_F(RejectionTest, ADeadLetterBeforeALineThatWasSkippedLeavesTheBooksRight) {
    world.framing.line_limit = {.bytes_max = 10, .policy = config::LongLine::skip};
    sink = world.add("q", OnReject::dead_letter);
    const std::string good = "one\ntwo\nsix\nten\n";  // two and two, then the bad one with what is skipped behind it
    test::rewrite(path, good + kPoison + "\na line that is too long\n");
    world.follow(path, 1, "q");
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    auto books = world.file(1, 1).books;
    EXPECT_EQ(books.dropped_for(model::DropReason::dead_letter), std::string(kPoison).size() + 1);
    EXPECT_EQ(books.dropped_for(model::DropReason::long_line), std::string("a line that is too long\n").size());
    EXPECT_EQ(books.acked, good.size());
    test::rewrite(path, "");
    test::append_to(path, "new\n");
    world.shard->wake({{1}});
    ASSERT_TRUE(run_until([&] { return testing::Matches(Contains("new"))(sink->delivered); }));
    EXPECT_EQ(world.file(1, 1).books.lost_for(model::LossReason::truncated), 0U);
}

TEST_F(RejectionTest, ARejectedRecordHoldsItsFileWhereNothingElseIsSaid) {
    sink = world.add("q", OnReject::block);
    write_lines(100, 50);
    world.follow(path, 1, "q");
    const auto before = std::uint64_t{10} * 7 + std::uint64_t{40} * 8;  // "line 0\\n" to "line 49\\n"
    ASSERT_TRUE(run_until([&] { return watermark() == before; }));
    EXPECT_FALSE(world.until(
        [&] {
            sink->judge(kPoison);
            return watermark() > before;
        },
        std::chrono::seconds(1)));
    EXPECT_THAT(sink->delivered, Not(Contains(kPoison)));
}

TEST_F(RejectionTest, ARecordThatSharedItsBatchIsNotToBlame) {
    sink = world.add("q", OnReject::drop);
    write_lines(1, -1);
    world.follow(path, 1, "q");
    world.poll();
    sink->reject(0);  // perhaps for a neighbour of another file
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_THAT(sink->delivered, ElementsAreArray(lines));
    EXPECT_EQ(dropped("rejected"), 0U);
}

TEST_F(RejectionTest, WhatWasOnItsWayBeforeTheSearchBeganIsNotToBlame) {
    sink = world.add("q", OnReject::drop);
    write_lines(10, 5);
    const auto tail = world.follow(path, 1, "q");
    world.poll();
    test::append_to(path, "innocent\n");
    lines.emplace_back("innocent");
    world.shard->wake({tail});
    world.poll();
    ASSERT_EQ(sink->held.size(), 2U);
    sink->reject(0);
    sink->reject(0);  // with the batch that it was in
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    std::erase(lines, kPoison);
    EXPECT_THAT(sink->delivered, ElementsAreArray(lines));
    EXPECT_EQ(dropped("rejected"), 1U);
}

TEST_F(RejectionTest, ATopicThatMayNotBeWrittenRejectsAllOfAnExtent) {
    sink = world.add("q", OnReject::drop);
    write_lines(100, -1);
    world.follow(path, 1, "q");
    world.poll();
    sink->reject(0, model::Rejection::not_authorised);
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_EQ(dropped("rejected"), 100U);
}

TEST_F(RejectionTest, DeadLettersKeepTheOrderOfTheirFileHoweverTheyWereRejected) {
    constexpr auto kWhy = model::Rejection::not_authorised;
    sink = world.add("q", OnReject::dead_letter);
    write_lines(2, -1);
    const auto tail = world.follow(path, 1, "q");
    world.poll();
    test::append_to(path, "behind\n");
    lines.emplace_back("behind");
    world.shard->wake({tail});
    world.poll();
    ASSERT_EQ(sink->held.size(), 2U);
    sink->reject(1, kWhy);
    ASSERT_EQ(sink->held.size(), 1U) << "the later one may not go before the first";
    sink->reject(0, kWhy);
    ASSERT_EQ(sink->held.size(), 1U);
    EXPECT_EQ(sink->held[0]->dead_letter_why, "rejected");
    sink->finish(0);
    ASSERT_TRUE(world.until([&] { return !sink->held.empty(); })) << "it is read again";
    sink->reject(0, kWhy);
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_EQ(dropped("dead_letter"), 3U);
}

// Records go to the topics t-a and t-b in turn, of which t-b may not be written.
class TopicRejectionTest : public RejectionTest {
 protected:
    void follow(OnReject on_reject) {
        config::PipelineConfig config;
        config.name = "q";
        config.sink.topic = "t-{fields.t}";
        config.sink.fallback_topic = "odd";
        config.sink.on_reject = on_reject;
        config.processors = {{.name = "parse", .what = process::ParseOptions{}}};
        sink = world.add(std::move(config));
        std::string text;
        for (int line = 0; line < 10; ++line) {
            lines.push_back("{\"t\":\"" + std::string(line % 2 == 0 ? "a" : "b") + "\",\"n\":" + std::to_string(line) +
                            "}");
            text += lines.back() + "\n";
        }
        test::rewrite(path, text);
        world.follow(path, 1, "q");
        world.poll();
        ASSERT_EQ(sink->held.size(), 1U);
    }
    void reject(std::size_t index) { sink->reject(index, model::Rejection::not_authorised, "t-b"); }
    std::uint64_t acked() {
        return world.counter("venus_agent_records_acked_total", {{"pipeline", "q"}, {"sink", "fake"}});
    }
    std::uint64_t half() const { return 5 * (lines[0].size() + 1); }
};

TEST_F(TopicRejectionTest, OnlyItsOwnRecordsAreDropped) {
    follow(OnReject::drop);
    reject(0);
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_EQ(dropped("rejected"), 5U);
    EXPECT_EQ(acked(), 5U);
    EXPECT_EQ(sink->delivered.size(), 5U) << "once: nothing was read again";
    auto books = world.file(1, 1).books;
    EXPECT_EQ(books.dropped_for(model::DropReason::rejected), half());
    EXPECT_EQ(books.acked, half());
}

TEST_F(TopicRejectionTest, OnlyItsOwnRecordsGoToTheDeadLetterTopic) {
    follow(OnReject::dead_letter);
    reject(0);
    ASSERT_EQ(sink->held.size(), 1U);
    const auto& letters = *sink->held[0];
    EXPECT_EQ(letters.dead_letter_why, "rejected");
    EXPECT_FALSE(letters.is_rejected(0));
    EXPECT_TRUE(letters.is_rejected(1));
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_EQ(dropped("dead_letter"), 5U);
    EXPECT_EQ(acked(), 5U);
    auto books = world.file(1, 1).books;
    EXPECT_EQ(books.dropped_for(model::DropReason::dead_letter), half());
    EXPECT_EQ(books.acked, half());
}

TEST_F(TopicRejectionTest, WhoeverBlocksIsLookedForSoThatItsNeighboursDoNotComeAgainAndAgain) {
    follow(OnReject::block);
    reject(0);
    const auto alone = [&] { return !sink->held.empty() && sink->held[0]->record_count == 1; };
    ASSERT_TRUE(world.until([&] {
        while (!sink->held.empty() && !alone()) reject(0);
        if (alone() && sink->held[0]->texts.at(0, model::RecordTexts::kTopic) == "t-b") return true;
        while (!sink->held.empty()) sink->finish(0);
        sink->sink_ready();
        return false;
    }));
    EXPECT_TRUE(sink->held[0]->is_alone);
    const auto before = sink->delivered.size();
    reject(0);
    ASSERT_TRUE(world.until(alone)) << "it is tried again";
    EXPECT_EQ(sink->held[0]->texts.at(0, model::RecordTexts::kTopic), "t-b");
    EXPECT_EQ(sink->delivered.size(), before) << "by itself";
    EXPECT_EQ(dropped("rejected") + dropped("dead_letter"), 0U);
}

TEST_F(RejectionTest, ADeadLetterThatIsNotTakenIsTriedAgain) {
    sink = world.add("q", OnReject::dead_letter);
    write_lines(1, 0);
    world.follow(path, 1, "q");
    world.poll();
    sink->reject(0);
    ASSERT_TRUE(world.until([&] { return !sink->held.empty(); }));
    sink->reject(0);  // alone now: on its way to the dead-letter topic
    ASSERT_EQ(sink->held.size(), 1U);
    sink->finish(0, "the dead-letter topic is missing");
    EXPECT_EQ(watermark(), 0U);
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_EQ(dropped("dead_letter"), 1U);
}

TEST_F(RejectionTest, ManyRejectedRecordsAreAllFound) {
    sink = world.add("q", OnReject::drop);
    std::mt19937 random(42);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    std::string text;
    std::uint64_t poisoned = 0;
    for (int line = 0; line < 2000; ++line) {
        const bool bad = random() % 100 == 0;
        poisoned += bad ? 1 : 0;
        lines.push_back(bad ? kPoison : "line " + std::to_string(line));
        text += lines.back() + "\n";
    }
    test::rewrite(path, text);
    world.follow(path, 1, "q");
    ASSERT_TRUE(run_until([&] { return world.file(1, 1).lag_bytes == 0; }));
    std::erase(lines, kPoison);
    EXPECT_THAT(sink->delivered, ElementsAreArray(lines));
    EXPECT_EQ(dropped("rejected"), poisoned);
}

}  // namespace
}  // namespace agent::pipeline
