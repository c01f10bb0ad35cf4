#include "agent/split/splitter.h"

#include <random>
#include <string>

#include <gmock/gmock.h>

#include "tests/unit/support/line_model.h"

namespace agent::split {
namespace {

using config::LongLine;
using model::Extent;
using model::ExtentForm;
using model::LineLimit;
using test::PlainRecord;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kBegin = 1000;  // of the extents here

Extent extent_of(std::string_view bytes, ExtentForm form = ExtentForm::lines) {
    Extent extent;
    extent.begin = {kBegin};
    extent.end = {kBegin + bytes.size()};
    extent.form = form;
    extent.buffer = model::Buffer::of(bytes.size());
    std::ranges::copy(bytes, extent.buffer.bytes.get());
    extent.bytes = {extent.buffer.bytes.get(), bytes.size()};
    return extent;
}

std::vector<PlainRecord> split(std::string_view bytes, LineLimit limit = {}) {
    auto extent = extent_of(bytes);
    split_lines(extent, limit);
    EXPECT_EQ(extent.record_count, extent.records.size());
    EXPECT_EQ(extent.unfinished, extent.records.size());
    return test::plain(extent);
}

TEST(Splitter, ARecordIsALineWithoutItsEndingAndKnowsWhereItStands) {
    EXPECT_THAT(split("one\ntwo\n"), ElementsAre(PlainRecord{"one", 1000, 1004}, PlainRecord{"two", 1004, 1008}));
}

TEST(Splitter, AnEmptyLineIsARecord) {
    EXPECT_THAT(split("\n\na\n"),
                ElementsAre(PlainRecord{"", 1000, 1001}, PlainRecord{"", 1001, 1002}, PlainRecord{"a", 1002, 1004}));
    EXPECT_THAT(split("\r\n"), ElementsAre(PlainRecord{"", 1000, 1002}));
}

TEST(Splitter, OneCarriageReturnBeforeTheNewlineBelongsToTheEnding) {
    EXPECT_THAT(split("a\r\nb\r\r\n"), ElementsAre(PlainRecord{"a", 1000, 1003}, PlainRecord{"b\r", 1003, 1007}));
}

TEST(Splitter, ALoneCarriageReturnIsPartOfTheLine) {
    EXPECT_THAT(split("a\rb\n\rc\n"), ElementsAre(PlainRecord{"a\rb", 1000, 1004}, PlainRecord{"\rc", 1004, 1007}));
}

TEST(Splitter, NulAndHighBytesAreBytesLikeOthers) {
    using namespace std::string_literals;
    EXPECT_THAT(split("\0\0\n\xFF\xFE\n"s),
                ElementsAre(PlainRecord{"\0\0"s, 1000, 1003}, PlainRecord{"\xFF\xFE", 1003, 1006}));
}

TEST(Splitter, ALineOfExactlyTheLimitIsNotLong) {
    for (const auto policy : {LongLine::split, LongLine::truncate, LongLine::skip}) {
        EXPECT_THAT(split("12345\n", {.bytes_max = 5, .policy = policy}),
                    ElementsAre(PlainRecord{"12345", 1000, 1006}));
        EXPECT_THAT(split("12345\r\n", {.bytes_max = 5, .policy = policy}),
                    ElementsAre(PlainRecord{"12345", 1000, 1007}));
    }
}

TEST(Splitter, ALongLineIsSplitIntoPiecesThatCoverIt) {
    const LineLimit limit{.bytes_max = 5, .policy = LongLine::split};
    EXPECT_THAT(split("123456\n", limit), ElementsAre(PlainRecord{"12345", 1000, 1005}, PlainRecord{"6", 1005, 1007}));
    EXPECT_THAT(split("1234567890\r\n", limit),
                ElementsAre(PlainRecord{"12345", 1000, 1005}, PlainRecord{"67890", 1005, 1012}));
    EXPECT_THAT(split("a\n1234567\nb\n", limit),
                ElementsAre(PlainRecord{"a", 1000, 1002}, PlainRecord{"12345", 1002, 1007},
                            PlainRecord{"67", 1007, 1010}, PlainRecord{"b", 1010, 1012}));
}

TEST(Splitter, ALongLineIsTruncatedAndItsRecordCoversTheWholeLine) {
    const LineLimit limit{.bytes_max = 5, .policy = LongLine::truncate};
    EXPECT_THAT(split("1234567\nb\n", limit),
                ElementsAre(PlainRecord{"12345", 1000, 1008}, PlainRecord{"b", 1008, 1010}));
}

TEST(Splitter, ALongLineIsSkippedAndItsNeighboursAreNot) {
    const LineLimit limit{.bytes_max = 5, .policy = LongLine::skip};
    EXPECT_THAT(split("a\n123456\nb\n", limit),
                ElementsAre(PlainRecord{"a", 1000, 1002}, PlainRecord{"b", 1009, 1011}));
}

TEST(Splitter, CountsWhatTheLimitDid) {
    const auto seen = [](LongLine policy) {
        auto extent = extent_of("123456\nab\n1234567890123\n");
        return split_lines(extent, {.bytes_max = 5, .policy = policy});
    };
    EXPECT_EQ(seen(LongLine::split).split, 2U);
    EXPECT_EQ(seen(LongLine::truncate).truncated, 2U);
    EXPECT_EQ(seen(LongLine::skip).skipped, 2U);
    EXPECT_EQ(seen(LongLine::skip).split + seen(LongLine::skip).truncated, 0U);
}

TEST(Splitter, APartialLineIsOneRecord) {
    auto extent = extent_of("no ending", ExtentForm::partial_line);
    split_lines(extent, {});
    EXPECT_THAT(test::plain(extent), ElementsAre(PlainRecord{"no ending", 1000, 1009}));
}

TEST(Splitter, APieceOfATruncatedLineCoversTheBytesThatAreNotThere) {
    auto extent = extent_of("12345", ExtentForm::piece);
    extent.end = {kBegin + 77};
    const auto seen = split_lines(extent, {.bytes_max = 5, .policy = LongLine::truncate});
    EXPECT_THAT(test::plain(extent), ElementsAre(PlainRecord{"12345", 1000, 1077}));
    EXPECT_EQ(seen.truncated, 1U);
}

TEST(Splitter, PiecesOfALineThatGoesOnAreRecordsOfFullSize) {
    auto extent = extent_of("1234567890", ExtentForm::piece);
    split_lines(extent, {.bytes_max = 5, .policy = LongLine::split});
    EXPECT_THAT(test::plain(extent), ElementsAre(PlainRecord{"12345", 1000, 1005}, PlainRecord{"67890", 1005, 1010}));
}

TEST(Splitter, ASkippedLineIsNoRecordButIsCounted) {
    auto extent = extent_of("", ExtentForm::skipped);
    const auto seen = split_lines(extent, {.bytes_max = 5, .policy = LongLine::skip});
    EXPECT_THAT(extent.records, IsEmpty());
    EXPECT_EQ(extent.unfinished, 0U);
    EXPECT_EQ(seen.skipped, 1U);
}

TEST(Splitter, StopsAfterTheLineWithTheLastRecordThatIsWanted) {
    auto extent = extent_of("one\ntwo\nthree\n");
    split_lines(extent, {}, 2);
    EXPECT_EQ(extent.record_count, 2U);
    EXPECT_EQ(extent.end.value, kBegin + 8);
    EXPECT_EQ(extent.records.back().line(), "two");
}

TEST(Splitter, StopsBetweenThePiecesOfALineWhereTheyAreMoreThanIsWanted) {
    auto lines = extent_of("abcdef\nx\n");
    split_lines(lines, {.bytes_max = 2, .policy = LongLine::split}, 2);
    EXPECT_THAT(test::plain(lines),
                ElementsAre(PlainRecord{"ab", kBegin, kBegin + 2}, PlainRecord{"cd", kBegin + 2, kBegin + 4}));
    EXPECT_EQ(lines.end.value, kBegin + 4);
    auto pieces = extent_of("abcd", ExtentForm::piece);
    split_lines(pieces, {.bytes_max = 2, .policy = LongLine::split}, 1);
    EXPECT_THAT(test::plain(pieces), ElementsAre(PlainRecord{"ab", kBegin, kBegin + 2}));
    EXPECT_EQ(pieces.end.value, kBegin + 2);
}

TEST(SplitterModel, AgreesWithThePlainWayForAnyLines) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        constexpr std::string_view kAlphabet = "ab\r\n\n";
        std::string bytes;
        for (auto size = random() % 80; size > 0; --size) bytes += kAlphabet[random() % kAlphabet.size()];
        bytes += '\n';
        const LineLimit limit{.bytes_max = 1 + (random() % 6), .policy = static_cast<LongLine>(random() % 3)};
        auto expected = test::records_of(bytes, limit);
        for (auto& record : expected) {
            record.begin += kBegin;
            record.end += kBegin;
        }
        ASSERT_EQ(split(bytes, limit), expected);
    }
}

}  // namespace
}  // namespace agent::split
