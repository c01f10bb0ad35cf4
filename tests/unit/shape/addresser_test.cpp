#include "agent/shape/addresser.h"

#include <gmock/gmock.h>

#include "agent/shape/shaper.h"
#include "agent/split/splitter.h"

namespace agent::shape {
namespace {

using model::RecordTexts;
using testing::ElementsAre;

struct AddresserTest : testing::Test {
    AddresserTest() {
        config.sink = {.topic = "logs-{fields.level}", .fallback_topic = "odd"};
        config.processors = {{.name = "parse", .what = process::ParseOptions{.format = process::Format::json}}};
    }
    void shape(const std::string& text) {
        if (!shaper) {
            auto made = Shaper::make(config, {.host = "h", .pipeline = "p", .labels = {{"idc", "bj1"}}});
            ASSERT_TRUE(made) << made.error().message;
            shaper = std::move(*made);
        }
        bytes = text;
        extent = {};
        extent.end = {bytes.size()};
        extent.bytes = bytes;
        split::split_lines(extent, {});
        shaper->shape(extent, "/var/log/a.log", "1-2-3");
    }
    std::vector<std::string> texts(std::size_t which) const {
        std::vector<std::string> found;
        for (std::size_t i = 0; i < extent.records.size(); ++i) found.emplace_back(extent.texts.at(i, which));
        return found;
    }
    std::vector<std::string> topics(const std::string& text) {
        shape(text);
        return texts(RecordTexts::kTopic);
    }
    std::uint32_t fallbacks(Fallback why) const { return shaper->fallbacks().at(static_cast<std::size_t>(why)); }

    config::PipelineConfig config;
    std::optional<Shaper> shaper;
    std::string bytes;
    model::Extent extent;
};

TEST_F(AddresserTest, IsNotThereWhereAFileAloneSaysWhereItsRecordsGo) {
    config.processors.clear();
    config.sink = {.topic = "{labels.idc}-{path.stem}", .partition = config::Partition::key, .key = "{host}"};
    config.sink.header_templates = {{"app", "{labels.idc}"}};
    shape("a\n");
    EXPECT_TRUE(shaper->is_plain());
    EXPECT_TRUE(extent.texts.empty());
}

TEST_F(AddresserTest, EachRecordGoesWhereItsFieldsSay) {
    EXPECT_THAT(topics("{\"level\":\"info\"}\n{\"level\":\"info\"}\n{\"level\":7}\n{\"level\":true}\n"),
                ElementsAre("logs-info", "logs-info", "logs-7", "logs-true"));
    EXPECT_FALSE(shaper->is_plain());
}

TEST_F(AddresserTest, TextsAreThoseOfTheRecordsThatAreKept) {
    config.processors.push_back({.name = "filter", .what = process::FilterOptions{.where = "level != 'debug'"}});
    EXPECT_THAT(topics("{\"level\":\"debug\"}\n{\"level\":\"info\"}\n{\"level\":\"debug\"}\n{\"level\":\"warn\"}\n"),
                ElementsAre("logs-info", "logs-warn"));
    EXPECT_THAT(topics("{\"level\":\"debug\"}\n"), ElementsAre());
}

TEST_F(AddresserTest, WhatLacksTheFieldGoesToTheFallbackTopic) {
    EXPECT_THAT(topics("{\"level\":\"\"}\n{\"level\":null}\n{\"x\":1}\nno JSON\n{\"level\":\"info\"}\n"),
                ElementsAre("odd", "odd", "odd", "odd", "logs-info"));
    EXPECT_EQ(fallbacks(Fallback::missing_field), 4U);
    EXPECT_THAT(topics("{\"level\":\"info\"}\n"), ElementsAre("logs-info"));
    EXPECT_EQ(fallbacks(Fallback::missing_field), 0U) << "of this extent";
}

TEST_F(AddresserTest, ANameThatKafkaDoesNotAllowLeadsToTheFallbackTopic) {
    config.sink.topic = "{fields.level}";
    const std::string longest(249, 'x');
    EXPECT_THAT(topics(R"({"level":"a b"})"
                       "\n"
                       R"({"level":"a/b"})"
                       "\n"
                       R"({"level":"."})"
                       "\n"
                       R"({"level":".."})"
                       "\n"
                       R"({"level":"..."})"
                       "\n"
                       R"({"level":["a"]})"
                       "\n"
                       R"({"level":"ä"})"
                       "\n{\"level\":\"" +
                       longest + "\"}\n{\"level\":\"" + longest + "x\"}\n"),
                ElementsAre("odd", "odd", "odd", "odd", "...", "odd", "odd", longest, "odd"));
    EXPECT_EQ(fallbacks(Fallback::invalid_topic), 7U);
}

TEST_F(AddresserTest, AHostileFieldDoesNotMakeTopicsWithoutEnd) {
    std::string text;
    for (std::size_t i = 0; i < kTopicsMax + 5; ++i) text += "{\"level\":\"" + std::to_string(i) + "\"}\n";
    const auto first = topics(text);
    EXPECT_EQ(first[kTopicsMax - 1], "logs-" + std::to_string(kTopicsMax - 1));
    EXPECT_EQ(first[kTopicsMax], "odd");
    EXPECT_EQ(fallbacks(Fallback::topics_max), 5U);
    EXPECT_EQ(topics(text), first) << "what is read again goes where it went";
}

TEST_F(AddresserTest, KeyAndHeadersAreFilledAndCutAtTheEndOfACharacter) {
    config.sink.topic = "plain";
    config.sink.partition = config::Partition::key;
    config.sink.key = "{labels.idc}:{fields.user}";
    config.sink.header_templates = {{"app", "{labels.idc}"}, {"level", "{fields.level}"}, {"whole", "{line}"}};
    std::string wide = "x";
    while (wide.size() < RecordTexts::kTextBytesMax + 100) wide += "ä";
    shape("{\"user\":1,\"level\":\"info\"}\n{\"user\":\"" + wide + "\"}\n");
    EXPECT_THAT(texts(RecordTexts::kTopic), ElementsAre("", ""));
    EXPECT_EQ(texts(RecordTexts::kKey)[0], "bj1:1");
    EXPECT_EQ(texts(RecordTexts::kKey)[1], ("bj1:" + wide).substr(0, RecordTexts::kTextBytesMax - 1));
    EXPECT_THAT(texts(RecordTexts::kFirstHeader), ElementsAre("info", "")) << "those of records alone";
    EXPECT_EQ(texts(RecordTexts::kFirstHeader + 1)[0], R"({"user":1,"level":"info"})");
    EXPECT_EQ(extent.records[0].data, bytes.data()) << "the record itself is as it was";
}

TEST_F(AddresserTest, AKeyThatNobodyAsksForIsNotFilled) {
    config.sink = {.topic = "plain", .partition = config::Partition::file, .key = "{fields.user}"};
    shape("{\"user\":1}\n");
    EXPECT_TRUE(extent.texts.empty());
}

TEST_F(AddresserTest, TheEncodingChangesNothingOfIt) {
    config.sink.topic = "{fields.line}";
    config.sink.encoding = config::Encoding::fields;
    EXPECT_THAT(topics("no JSON\n{\"line\":\"one\"}\n"), ElementsAre("odd", "one"));
}

}  // namespace
}  // namespace agent::shape
