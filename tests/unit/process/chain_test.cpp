#include "common/process/chain.h"

#include <gmock/gmock.h>

#include "tests/unit/process/show.h"

namespace process {
namespace {

struct ChainTest : testing::Test {
    std::optional<std::size_t> run(const std::vector<ProcessorOptions>& options, std::string_view line) {
        auto chain = Chain::make(options, {});
        EXPECT_TRUE(chain);
        record.begin(line, 0, origin, {});
        return chain->process(record);
    }
    Origin origin;
    Record record;
};

TEST_F(ChainTest, EachProcessorSeesWhatTheOneBeforeLeft) {
    const std::vector<ProcessorOptions> options = {
        {.name = "mask", .what = RedactOptions{.pattern = "secret"}},
        {.name = "tag", .what = SetOptions{.fields = {{"seen", "{line}"}}}},
        {.name = "drop", .what = FilterOptions{.exclude = {"secret"}}},
    };
    EXPECT_EQ(run(options, "a secret"), std::nullopt);
    EXPECT_EQ(record.line(), "a ***");
    EXPECT_EQ(record.find("seen")->text, "a ***");
}

TEST_F(ChainTest, FieldsAreParsedShapedAndJudged) {
    const std::vector<ProcessorOptions> options = {
        {.name = "parse", .what = ParseOptions{.format = Format::logfmt}},
        {.name = "timestamp", .what = TimestampOptions{.field = "ts", .formats = {"unix"}}},
        {.name = "convert", .what = ConvertOptions{.fields = {{"ms", "int"}}}},
        {.name = "rename", .what = RenameOptions{.fields = {{"msg", "message"}}}},
        {.name = "remove", .what = RemoveOptions{.fields = {"ts"}}},
        {.name = "keep", .when = "ms > 9", .what = KeepOptions{.fields = {"ms", "message"}}},
        {.name = "filter", .what = FilterOptions{.where = "ms < 100"}},
    };
    EXPECT_EQ(run(options, "ts=1700000000 ms=12 msg=hello noise=1"), std::nullopt);
    EXPECT_EQ(show(record.fields()), R"({"ms":12,"message":"hello"})");
    EXPECT_EQ(record.time(), std::chrono::system_clock::from_time_t(1'700'000'000));
    EXPECT_EQ(run(options, "ts=1700000000 ms=9 msg=hello noise=1"), std::nullopt);
    EXPECT_EQ(show(record.fields()), R"({"ms":9,"noise":"1","message":"hello"})");
    EXPECT_EQ(run(options, "ts=1700000000 ms=100"), 6U);
}

TEST_F(ChainTest, TheStepThatDropsIsTold) {
    const std::vector<ProcessorOptions> options = {
        {.name = "one", .what = FilterOptions{.exclude = {"x"}}},
        {.name = "two", .what = FilterOptions{.exclude = {"y"}}},
    };
    EXPECT_EQ(run(options, "a"), std::nullopt);
    EXPECT_EQ(run(options, "y"), 1U);
    EXPECT_EQ(run(options, "xy"), 0U);
}

TEST_F(ChainTest, AProcessorWhoseConditionDoesNotHoldIsPassedOver) {
    const std::vector<ProcessorOptions> options = {
        {.name = "one", .when = "line =~ '^a'", .what = FilterOptions{.exclude = {"x"}}},
    };
    EXPECT_EQ(run(options, "ax"), 0U);
    EXPECT_EQ(run(options, "bx"), std::nullopt);
}

TEST_F(ChainTest, WhatIsWrongIsToldOfAllOfThem) {
    const auto chain = Chain::make({{.name = "one", .when = "x ==", .what = FilterOptions{.exclude = {"("}}},
                                    {.name = "two", .what = SetOptions{}}},
                                   {});
    ASSERT_FALSE(chain);
    ASSERT_EQ(chain.error().size(), 3U);
    EXPECT_EQ(chain.error()[0].error.key, "when");
    EXPECT_EQ(chain.error()[2].processor, 1U);
}

TEST_F(ChainTest, AWatchSeesTheRecordBeforeAndAfterEachStep) {
    auto chain = Chain::make({{.name = "mask", .what = RedactOptions{.pattern = "s"}},
                              {.name = "drop", .what = FilterOptions{.exclude = {"x"}}}},
                             {});
    std::vector<std::string> seen;
    record.begin("sx", 0, origin, {});
    const auto by = chain->process(record, [&](const Chain::Step& step, Record& now, std::optional<Verdict> verdict) {
        seen.push_back(step.name + (verdict ? *verdict == Verdict::keep ? " keeps " : " drops " : " before ") +
                       std::string(now.line()));
    });
    EXPECT_EQ(by, 1U);
    EXPECT_THAT(seen, testing::ElementsAre("mask before sx", "mask keeps ***x", "drop before ***x", "drop drops ***x"));
}

}  // namespace
}  // namespace process
