#include "agent/split/container_line.h"

#include <string>

#include <gtest/gtest.h>

namespace agent::split {
namespace {

using model::Stream;

const ContainerLineParser kParser;

std::int64_t nanos(const std::optional<ContainerLine>& line) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(line->time.time_since_epoch()).count();
}

TEST(ContainerLine, OfCriHasATimeAStreamATagAndTheText) {
    const auto line = kParser.parse("2016-10-06T00:17:09.669794202Z stdout F  two  blanks ");
    ASSERT_TRUE(line.has_value());
    EXPECT_EQ(line->stream, Stream::out);
    EXPECT_EQ(line->text, " two  blanks ");
    EXPECT_FALSE(line->is_partial);
    EXPECT_EQ(nanos(line), 1'475'713'029'669'794'202);
    const auto piece = kParser.parse("2016-10-06T02:17:09.5+02:00 stderr P log content 1\r");
    ASSERT_TRUE(piece.has_value());
    EXPECT_EQ(piece->stream, Stream::err);
    EXPECT_EQ(piece->text, "log content 1\r") << "a piece ends anywhere";
    EXPECT_TRUE(piece->is_partial);
    EXPECT_EQ(nanos(piece), 1'475'713'029'500'000'000);
}

TEST(ContainerLine, OfCriMayBeEmptyAndHaveMoreTags) {
    for (const auto* empty : {"2016-10-06T00:17:09.66Z stdout F ", "2016-10-06T00:17:09.66Z stdout F",
                              "2016-10-06T00:17:09.66Z stdout F:x ", "2016-10-06T00:17:09.66Z stdout F \r"}) {
        const auto line = kParser.parse(empty);
        ASSERT_TRUE(line.has_value()) << empty;
        EXPECT_EQ(line->text, "");
        EXPECT_FALSE(line->is_partial);
    }
}

TEST(ContainerLine, OfDockerIsAJsonObject) {
    const auto line = kParser.parse(
        R"({"log":"a \"b\" \u003c\u00e9\n","stream":"stderr","attrs":{"tag":"x"},"time":"2026-10-10T13:55:36.1Z"})");
    ASSERT_TRUE(line.has_value());
    EXPECT_EQ(line->stream, Stream::err);
    EXPECT_EQ(line->text, "a \"b\" <é");
    EXPECT_FALSE(line->is_partial);
    EXPECT_EQ(nanos(line), 1'791'640'536'100'000'000);
    const auto other = kParser.parse(R"({"time":"2026-10-10T13:55:36Z","stream":"stdout","log":"piece"})");
    ASSERT_TRUE(other.has_value()) << "in any order";
    EXPECT_TRUE(other->is_partial) << "without the newline";
    EXPECT_EQ(kParser.parse(R"({"log":"tty\r\n","stream":"stdout","time":"2026-10-10T13:55:36Z"})")->text, "tty");
}

TEST(ContainerLine, AnythingElseIsNone) {
    for (const auto* line : {"", " ", "{", "{}", "hello", "[]", R"({"log":"a\n","stream":"stdout"})",
                             R"({"log":"a\n","stream":"stdin","time":"2026-10-10T13:55:36Z"})",
                             R"({"log":1,"stream":"stdout","time":"2026-10-10T13:55:36Z"})",
                             R"({"log":"a\n","stream":"stdout","time":"yesterday"})",
                             R"({"log":"a\n","stream":"stdout","time":"2026-10-10T13:55:36Z"} x)",
                             R"({"log":"a\n","stream":"stdout","time":"2026-10-10T13:55:36Z")", "2026-10-10T13:55:36Z",
                             "2026-10-10T13:55:36Z stdout", "2026-10-10T13:55:36Z stdout X text",
                             "2026-10-10T13:55:36Z stdin F text", "yesterday stdout F text"})
        EXPECT_FALSE(kParser.parse(line).has_value()) << line;
}

}  // namespace
}  // namespace agent::split
