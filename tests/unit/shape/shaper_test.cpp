#include "agent/shape/shaper.h"

#include <array>

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "agent/split/splitter.h"

namespace agent::shape {
namespace {

namespace json = boost::json;
using testing::ElementsAre;

struct ShaperTest : testing::Test {
    void make() {
        auto made = Shaper::make(config, {.host = "h\"1", .pipeline = "nginx", .labels = {{"idc", "bj1"}}});
        ASSERT_TRUE(made) << made.error().message;
        shaper = std::move(*made);
    }
    std::vector<std::string> shaped(const std::string& text) {
        bytes = text;
        extent = {};
        extent.begin = {1000};
        extent.end = {1000 + bytes.size()};
        extent.bytes = bytes;
        split::split_lines(extent, {});
        shaper->shape(extent, "/var/log/\xFF.log", "1-2-3");
        std::vector<std::string> records;
        for (const auto& record : extent.records) records.emplace_back(record.line());
        return records;
    }
    std::uint64_t dropped_bytes() const {
        return extent.dropped.at(static_cast<std::size_t>(model::DropReason::processor));
    }
    void excluding(const std::string& pattern) {
        config.processors.push_back({.name = "filter", .what = process::FilterOptions{.exclude = {pattern}}});
    }

    config::PipelineConfig config;
    std::optional<Shaper> shaper;
    std::string bytes;
    model::Extent extent;
};

TEST_F(ShaperTest, WithoutProcessorsAndEncodingThereIsNothingToDo) {
    make();
    EXPECT_TRUE(shaper->is_plain());
    config.sink.encoding = config::Encoding::json;
    make();
    EXPECT_FALSE(shaper->is_plain());
}

TEST_F(ShaperTest, WhatIsDroppedIsCountedInRecordsAndBytes) {
    excluding("x");
    excluding("y");
    make();
    EXPECT_FALSE(shaper->is_plain());
    EXPECT_THAT(shaped("a\nxy\nb\ny\r\n\n"), ElementsAre("a", "b", ""));
    EXPECT_THAT(shaper->dropped(), ElementsAre(1U, 1U));
    EXPECT_EQ(dropped_bytes(), 6U) << "with their line endings";
    EXPECT_EQ(extent.split_count, 5U);
    EXPECT_EQ(extent.record_count, 3U);
    EXPECT_EQ(extent.unfinished, 3U);
    EXPECT_EQ(extent.records[1].begin.value, 1005U) << "where it stands stays the same";
    EXPECT_THAT(shaped("x\n"), ElementsAre());
    EXPECT_THAT(shaper->dropped(), ElementsAre(1U, 0U)) << "of this extent";
}

TEST_F(ShaperTest, ALineThatIsLeftAsItWasIsNotCopied) {
    excluding("x");
    config.processors.push_back({.name = "mask", .what = process::RedactOptions{.pattern = "s+", .replacement = ""}});
    make();
    EXPECT_THAT(shaped("plain\nasb\nss\nend\n"), ElementsAre("plain", "ab", "", "end"));
    EXPECT_EQ(extent.records[0].data, bytes.data());
    EXPECT_EQ(extent.records[3].data, bytes.data() + 13);
    EXPECT_NE(extent.records[2].data, nullptr);
}

TEST_F(ShaperTest, JsonHasTheLineWithWhereItIsFrom) {
    config.sink.encoding = config::Encoding::json;
    config.processors.push_back({.name = "tag", .what = process::SetOptions{.fields = {{"idc", "{labels.idc}"}}}});
    make();
    const auto records = shaped("first\nse\"cond\xFF\n\n");
    ASSERT_EQ(records.size(), 3U);
    const std::array<std::string, 3> lines{"first", "se\"cond\uFFFD", ""};
    const std::array<std::uint64_t, 3> offsets{1000, 1006, 1015};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto record = json::parse(records[i]).as_object();
        EXPECT_THAT(std::string(record.at("time").as_string()), testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
        EXPECT_EQ(record.at("host").as_string(), "h\"1");
        EXPECT_EQ(record.at("path").as_string(), "/var/log/\uFFFD.log");
        EXPECT_EQ(record.at("pipeline").as_string(), "nginx");
        EXPECT_EQ(record.at("offset").to_number<std::uint64_t>(), offsets[i]);
        EXPECT_EQ(record.at("line").as_string(), lines[i]);
        EXPECT_EQ(record.at("fields").at("idc").as_string(), "bj1");
        EXPECT_EQ(record.size(), 7U);
    }
}

TEST_F(ShaperTest, FieldsAloneAreAnObjectAndARecordWithoutAnyKeepsItsLine) {
    config.sink.encoding = config::Encoding::fields;
    config.processors.push_back(
        {.name = "tag", .when = "line =~ '^a'", .what = process::SetOptions{.fields = {{"x", "{line}"}}}});
    make();
    EXPECT_THAT(shaped("a1\nb\n"), ElementsAre(R"({"x":"a1"})", R"({"line":"b"})"));
}

TEST_F(ShaperTest, ATemplateIsFilledForEachRecord) {
    config.sink.encoding = config::Encoding::text;
    config.sink.text = "{labels.idc} {line}";
    make();
    EXPECT_THAT(shaped("a\nb\n"), ElementsAre("bj1 a", "bj1 b"));
}

TEST_F(ShaperTest, TheSameRecordsOfAFileAreSampledWheneverTheyAreRead) {
    config.processors.push_back({.name = "sample", .what = process::SampleOptions{.rate = 0.5}});
    make();
    std::string text;
    for (int i = 0; i < 100; ++i) text += std::to_string(i) + "\n";
    const auto once = shaped(text);
    EXPECT_GT(once.size(), 20U);
    EXPECT_LT(once.size(), 80U);
    EXPECT_EQ(shaped(text), once);
}

}  // namespace
}  // namespace agent::shape
