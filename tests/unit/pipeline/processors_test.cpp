// Processors in the way of a line: what they drop moves the checkpoint in order, like anything else.
#include <gmock/gmock.h>

#include "tests/unit/pipeline/shard_world.h"

namespace agent::pipeline {
namespace {

using config::OnReject;
using testing::ElementsAre;

class ProcessorsTest : public testing::Test {
 protected:
    FakeSink* add(std::vector<process::ProcessorOptions> processors, OnReject on_reject = OnReject::block) {
        config::PipelineConfig config;
        config.name = "q";
        config.processors = std::move(processors);
        config.sink.on_reject = on_reject;
        return world.add(std::move(config));
    }
    static process::ProcessorOptions excluding(const std::string& pattern) {
        return {.name = "filter", .what = process::FilterOptions{.exclude = {pattern}}};
    }
    std::uint64_t dropped(const telemetry::MetricLabels& labels) {
        return world.counter("venus_agent_records_dropped_total", labels);
    }
    std::uint64_t counter(const std::string& name, const telemetry::MetricLabels& labels = {{"pipeline", "q"}}) {
        return world.counter("venus_agent_" + name, labels);
    }

    ShardWorld world;
    std::string path = world.folder.at("a.log");
};

TEST_F(ProcessorsTest, WhatIsDroppedNeverReachesTheSinkAndIsCountedWithItsProcessorAndReason) {
    auto* sink = add({excluding("x")});
    sink->takes_all = true;
    test::rewrite(path, "a\nx\nb\n");
    world.follow(path, 1, "q");
    ASSERT_TRUE(world.until([&] { return world.file(1, 1).lag_bytes == 0; }));
    EXPECT_THAT(sink->delivered, ElementsAre("a", "b"));
    EXPECT_EQ(dropped({{"pipeline", "q"}, {"processor", "filter"}, {"reason", "filtered"}}), 1U);
    EXPECT_EQ(counter("lines_read_total"), 3U);
    EXPECT_EQ(counter("records_acked_total", {{"pipeline", "q"}, {"sink", "fake"}}), 2U);
    EXPECT_EQ(world.file(1, 1).books.dropped_for(model::DropReason::processor), 2U);
    EXPECT_EQ(world.file(1, 1).books.acked, 4U);
}

TEST_F(ProcessorsTest, AnExtentOfWhichNothingIsLeftMovesTheCheckpointInItsTurn) {
    auto* sink = add({excluding("x")});
    test::rewrite(path, "a\n");
    const auto tail = world.follow(path, 1, "q");
    world.poll();
    ASSERT_EQ(sink->held.size(), 1U);
    test::append_to(path, "x\nx\n");
    world.shard->wake({tail});
    world.poll();
    EXPECT_EQ(sink->held.size(), 1U) << "nothing of it is delivered";
    EXPECT_EQ(world.file(1, 1).watermark.value, 0U) << "what comes before is not acknowledged yet";
    sink->finish_all();
    world.poll();
    EXPECT_EQ(world.file(1, 1).watermark.value, 6U);
}

TEST_F(ProcessorsTest, WhatIsReadAgainHasTheSameFate) {
    auto* sink = add({{.name = "sample", .what = process::SampleOptions{.rate = 0.5}}});
    std::string text;
    for (int i = 0; i < 100; ++i) text += std::to_string(i) + "\n";
    test::rewrite(path, text);
    world.follow(path, 1, "q");
    world.poll();
    std::vector<std::string> first;
    for (const auto& record : sink->held.at(0)->records) first.emplace_back(record.line());
    sink->finish(0, "a fault");
    sink->delivered.clear();
    ASSERT_TRUE(world.until([&] { return !sink->held.empty(); }));
    sink->finish_all();
    EXPECT_EQ(sink->delivered, first);
    EXPECT_GT(first.size(), 20U);
    EXPECT_LT(first.size(), 80U);
}

TEST_F(ProcessorsTest, ARejectedRecordIsFoundAmongWhatIsLeft) {
    auto* sink = add({excluding("^x")}, OnReject::drop);
    std::string text;
    std::vector<std::string> lines;
    for (int i = 0; i < 200; ++i) {
        const auto line = i == 101 ? std::string("poison") : (i % 3 == 0 ? "x" : "line ") + std::to_string(i);
        if (!line.starts_with("x") && line != "poison") lines.push_back(line);
        text += line + "\n";
    }
    test::rewrite(path, text);
    world.follow(path, 1, "q");
    ASSERT_TRUE(world.until([&] {
        sink->judge("poison");
        return world.file(1, 1).lag_bytes == 0;
    }));
    EXPECT_EQ(sink->delivered, lines);
    EXPECT_EQ(dropped({{"pipeline", "q"}, {"reason", "rejected"}}), 1U);
    EXPECT_EQ(world.file(1, 1).books.dropped_for(model::DropReason::rejected), std::string("poison\n").size());
}

TEST_F(ProcessorsTest, ADeadLetterIsWhatWouldHaveBeenSent) {
    auto* sink = add({{.name = "mask", .what = process::RedactOptions{.pattern = "secret", .replacement = "poison"}}},
                     OnReject::dead_letter);
    test::rewrite(path, "secret\n");
    world.follow(path, 1, "q");
    ASSERT_TRUE(world.until([&] {
        sink->judge("poison");
        return world.file(1, 1).lag_bytes == 0;
    }));
    EXPECT_THAT(sink->delivered, ElementsAre("poison"));
    EXPECT_EQ(dropped({{"pipeline", "q"}, {"reason", "dead_letter"}}), 1U);
}

TEST_F(ProcessorsTest, WhatWasRewrittenCountsInTheMemoryBudget) {
    auto* sink = add({{.name = "grow", .what = process::SetOptions{.fields = {{"line", std::string(10'000, 'y')}}}}});
    test::rewrite(path, "a\nb\nc\n");
    world.follow(path, 1, "q");
    world.poll();
    ASSERT_EQ(sink->held.size(), 1U);
    EXPECT_GE(sink->held[0]->charge, 30'000U);
}

}  // namespace
}  // namespace agent::pipeline
