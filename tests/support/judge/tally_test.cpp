#include "tests/support/judge/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace judge {
namespace {

constexpr std::size_t kBytes = 200;

std::string line(std::uint64_t sequence, std::uint64_t generation = 0, std::string_view writer = "w") {
    std::string text;
    append_line(text, {.id = {.writer = writer, .generation = generation, .sequence = sequence}}, kBytes);
    text.pop_back();  // the line ending is not the line's
    return text;
}

Manifest written(std::uint64_t lines) {
    return {{{.writer = "w", .generation = 0}, lines}};
}

Verdict judge_of(std::initializer_list<std::uint64_t> sequences, std::uint64_t lines) {
    Tally tally;
    for (const auto sequence : sequences) tally.count(line(sequence));
    return tally.judge(written(lines));
}

TEST(JudgeLine, ComesBackAsItWasWritten) {
    std::string text;
    append_line(text, {.id = {.writer = "a-b", .generation = 7, .sequence = 42}, .written_at = 99}, kBytes);
    ASSERT_EQ(text.size(), kBytes + 1);
    const auto parsed = parse_line(std::string_view{text}.substr(0, kBytes));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->id.writer, "a-b");
    EXPECT_EQ(parsed->id.generation, 7U);
    EXPECT_EQ(parsed->id.sequence, 42U);
    EXPECT_EQ(parsed->written_at, 99U);
}

TEST(JudgeLine, GrowsWhereItsIdNeedsTheRoom) {
    std::string text;
    append_line(text, {.id = {.writer = std::string(90, 'w'), .generation = 1, .sequence = 1}}, kLineBytesMin);
    text.pop_back();
    EXPECT_GT(text.size(), kLineBytesMin);
    EXPECT_TRUE(parse_line(text));
}

TEST(JudgeLine, IsCorruptWhenAnyByteIsChanged) {
    const auto whole = line(3);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        EXPECT_FALSE(parse_line(damaged)) << at;
    }
}

TEST(JudgeLine, IsCorruptWhenItIsCutAnywhereOrJoinedToAnother) {
    const auto whole = line(3);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        EXPECT_FALSE(parse_line(whole.substr(0, at))) << at;
        EXPECT_FALSE(parse_line(whole.substr(at + 1))) << at;
    }
    EXPECT_FALSE(parse_line(whole + line(4)));
    EXPECT_FALSE(parse_line(whole + '\r'));
}

TEST(JudgeTally, PassesWhenEveryLineArrivedOnceAndInOrder) {
    const auto verdict = judge_of({0, 1, 2, 3}, 4);
    EXPECT_EQ(verdict.total, (Counts{.expected = 4, .received = 4}));
    EXPECT_TRUE(passes(verdict, {}));
}

TEST(JudgeTally, CountsMissingLinesAtTheStartInTheMiddleAndAtTheEnd) {
    const auto verdict = judge_of({1, 3}, 6);
    EXPECT_EQ(verdict.total, (Counts{.expected = 6, .received = 2, .missing = 4}));
    EXPECT_FALSE(passes(verdict, {.duplicates = 100, .reordered = true, .foreign = true}));
}

TEST(JudgeTally, NamesTheFirstGap) {
    EXPECT_THAT(judge_of({0, 3}, 4).samples, testing::ElementsAre("w/0: lines 1-2 are missing"));
    EXPECT_THAT(judge_of({0, 1}, 4).samples, testing::ElementsAre("w/0: lines 2-3 are missing"));
}

TEST(JudgeTally, MissesAFileOfWhichNothingArrived) {
    const Tally tally;
    EXPECT_EQ(tally.judge(written(5)).total.missing, 5U);
}

TEST(JudgeTally, CountsDuplicatesAndDoesNotCallThemReordered) {
    const auto verdict = judge_of({0, 1, 2, 1, 2, 3}, 4);
    EXPECT_EQ(verdict.total, (Counts{.expected = 4, .received = 4, .duplicate = 2}));
    EXPECT_FALSE(passes(verdict, {}));
    EXPECT_FALSE(passes(verdict, {.duplicates = 1}));
    EXPECT_TRUE(passes(verdict, {.duplicates = 2}));
}

TEST(JudgeTally, CountsLinesThatArriveAfterALaterOne) {
    const auto verdict = judge_of({0, 3, 1, 2, 4}, 5);
    EXPECT_EQ(verdict.total, (Counts{.expected = 5, .received = 5, .out_of_order = 2}));
    EXPECT_FALSE(passes(verdict, {}));
    EXPECT_TRUE(passes(verdict, {.reordered = true}));
}

TEST(JudgeTally, KeepsTheOrderOfEachFileByItself) {
    Tally tally;
    for (const auto& text : {line(0, 0), line(0, 1), line(1, 0), line(1, 1)}) tally.count(text);
    const auto verdict = tally.judge({{{"w", 0}, 2}, {{"w", 1}, 2}});
    EXPECT_EQ(verdict.total, (Counts{.expected = 4, .received = 4}));
}

TEST(JudgeTally, CountsCorruptLinesWithASample) {
    Tally tally;
    tally.count(line(0));
    tally.count(line(1) + line(2));
    const auto verdict = tally.judge(written(3));
    EXPECT_EQ(verdict.corrupt, 1U);
    EXPECT_EQ(verdict.total.missing, 2U);
    EXPECT_THAT(verdict.samples, testing::Contains(testing::StartsWith("corrupt (400 bytes): id=w/0/1 ")));
    EXPECT_FALSE(passes(verdict, {}));
}

TEST(JudgeTally, CountsLinesThatNobodyWroteAsForeign) {
    Tally tally;
    for (const auto& text : {line(0), line(1), line(0, 0, "stranger"), line(0, 9)}) tally.count(text);
    const auto verdict = tally.judge(written(1));
    EXPECT_EQ(verdict.total, (Counts{.expected = 1, .received = 1, .foreign = 3}));
    EXPECT_FALSE(passes(verdict, {}));
    EXPECT_TRUE(passes(verdict, {.foreign = true}));
}

TEST(JudgeTally, HasAllOnlyWhenEveryFileIsComplete) {
    Tally tally;
    const Manifest manifest = {{{"w", 0}, 2}, {{"w", 1}, 1}, {{"w", 2}, 0}};
    tally.count(line(0, 0));
    tally.count(line(0, 1));
    EXPECT_FALSE(tally.has_all(manifest));
    tally.count(line(0, 0));  // a duplicate completes nothing
    EXPECT_FALSE(tally.has_all(manifest));
    tally.count(line(1, 0));
    EXPECT_TRUE(tally.has_all(manifest));
}

}  // namespace
}  // namespace judge
