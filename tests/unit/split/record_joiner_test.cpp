#include "agent/split/record_joiner.h"

#include <random>
#include <string>

#include <gmock/gmock.h>

#include "agent/split/framing.h"
#include "tests/unit/support/line_model.h"

namespace agent::split {
namespace {

using config::LongLine;
using model::Extent;
using model::FileOffset;
using test::PlainRecord;
using testing::ElementsAre;
using testing::IsEmpty;

Framing framing_of(process::MultilineOptions options, std::uint64_t line_bytes_max = 1 << 20,
                   LongLine policy = LongLine::split) {
    config::FileSourceConfig config;
    config.max_line_bytes = line_bytes_max;
    config.long_line = policy;
    config.multiline = std::move(options);
    return *Framing::make(config);
}

// The extent that begins at `begin` of a text.
Extent extent_of(std::string_view text, std::uint64_t begin, std::uint64_t end) {
    Extent extent;
    extent.begin = {begin};
    extent.end = {end};
    extent.bytes = text.substr(begin, end - begin);
    return extent;
}

struct Framed {
    std::vector<PlainRecord> records;
    std::uint64_t end = 0;
};

Framed framed(std::string_view text, const Framing& framing, FileOffset seen = kNothingFollows,
              std::size_t records_max = kAllRecords) {
    auto extent = extent_of(text, 0, text.size());
    frame(extent, framing, seen, records_max);
    EXPECT_EQ(extent.record_count, extent.records.size());
    return {.records = test::plain(extent), .end = extent.end.value};
}

const Framing kIndented = framing_of({.goes_on = "^ "});

TEST(RecordJoiner, LinesThatBelongTogetherAreOneRecordWithTheLineEndingsBetweenThem) {
    EXPECT_THAT(framed("a\n b\r\n c\r\nd\n", kIndented).records,
                ElementsAre(PlainRecord{"a\n b\r\n c", 0, 10}, PlainRecord{"d", 10, 12}));
}

TEST(RecordJoiner, TheLastRecordWaitsForWhatMayFollow) {
    const auto waiting = framed("a\nb\n c\n", kIndented, {7});
    EXPECT_THAT(waiting.records, ElementsAre(PlainRecord{"a", 0, 2}));
    EXPECT_EQ(waiting.end, 2U);
    const auto none = framed("a\n b\n", kIndented, {5});
    EXPECT_THAT(none.records, IsEmpty());
    EXPECT_EQ(none.end, 0U);
}

TEST(RecordJoiner, ARecordWhoseEndWasSeenWaitsForNothing) {
    const auto statements = framing_of({.end = ";$"});
    EXPECT_THAT(framed("a\nb;\n", statements, {5}).records, ElementsAre(PlainRecord{"a\nb;", 0, 5}));
}

TEST(RecordJoiner, ARecordHasAtMostSoManyLines) {
    auto options = process::MultilineOptions{.goes_on = "^ "};
    options.lines_max = 2;
    EXPECT_THAT(framed("a\n b\n c\n d\n e\n", framing_of(options)).records,
                ElementsAre(PlainRecord{"a\n b", 0, 5}, PlainRecord{" c\n d", 5, 11}, PlainRecord{" e", 11, 14}));
    EXPECT_THAT(framed("a\n b\n", framing_of(options), {5}).records, ElementsAre(PlainRecord{"a\n b", 0, 5}))
        << "a full one waits for nothing";
}

TEST(RecordJoiner, ARecordHasAtMostSoManyBytes) {
    auto options = process::MultilineOptions{.goes_on = "^ "};
    options.record_bytes_max = 4;
    EXPECT_THAT(framed("a\n b\n c\n", framing_of(options)).records,
                ElementsAre(PlainRecord{"a\n b", 0, 5}, PlainRecord{" c", 5, 8}));
    EXPECT_THAT(framed("a\n b\n", framing_of(options), {6}).records, ElementsAre(PlainRecord{"a\n b", 0, 5}))
        << "what follows has no room, whatever it is";
    EXPECT_THAT(framed("a\n b\n", framing_of(options), {5}).records, IsEmpty());
}

TEST(RecordJoiner, ALongLineStandsAlone) {
    const process::MultilineOptions options{.goes_on = "^ "};
    EXPECT_THAT(framed("a\n 12345\n b\n", framing_of(options, 4)).records,
                ElementsAre(PlainRecord{"a", 0, 2}, PlainRecord{" 123", 2, 6}, PlainRecord{"45\n b", 6, 12}));
    EXPECT_THAT(framed("a\n 12345\n b\n", framing_of(options, 4, LongLine::truncate)).records,
                ElementsAre(PlainRecord{"a", 0, 2}, PlainRecord{" 123", 2, 9}, PlainRecord{" b", 9, 12}));
    EXPECT_THAT(framed("a\n 1234\n b\n", framing_of(options, 4, LongLine::truncate)).records,
                ElementsAre(PlainRecord{"a", 0, 2}, PlainRecord{" 123", 2, 8}, PlainRecord{" b", 8, 11}));
    EXPECT_THAT(framed("a\n 12345\n b\n", framing_of(options, 4, LongLine::skip)).records,
                ElementsAre(PlainRecord{"a", 0, 2}, PlainRecord{" b", 9, 12}));
}

TEST(RecordJoiner, BehindASkippedLineNothingWaits) {
    const auto framing = framing_of({.goes_on = "^ "}, 4, LongLine::skip);
    auto extent = extent_of("a\n 12345\n", 0, 9);
    frame(extent, framing, {9});
    EXPECT_THAT(test::plain(extent), ElementsAre(PlainRecord{"a", 0, 2}));
    EXPECT_EQ(extent.end.value, 9U);
    EXPECT_EQ(extent.dropped[0], 7U);
}

TEST(RecordJoiner, TheFirstRecordsAloneHaveTheirOwnLossesAlone) {
    const auto framing = framing_of({.goes_on = "^ "}, 4, LongLine::skip);
    auto extent = extent_of("a\n b\n12345\nc\n d\n12345\n", 0, 22);
    frame(extent, framing, kNothingFollows, 1);
    EXPECT_THAT(test::plain(extent), ElementsAre(PlainRecord{"a\n b", 0, 5}));
    EXPECT_EQ(extent.end.value, 5U);
    EXPECT_EQ(extent.dropped[0], 0U);
}

// Records of a text that is read in pieces of random sizes, each from where the records before it ended.
std::vector<PlainRecord> read_in_pieces(std::string_view text, const Framing& framing, std::mt19937& random) {
    std::vector<PlainRecord> all;
    std::size_t at = 0;
    std::size_t wanted = 1;
    while (at < text.size()) {
        const std::size_t look = std::min(wanted + (random() % 40), text.size() - at);
        const auto newline = text.substr(at, look).rfind('\n');
        wanted = 2 * look;
        if (newline == std::string_view::npos) continue;
        auto extent = extent_of(text, at, at + newline + 1);
        const bool is_all = at + look == text.size();
        frame(extent, framing, is_all ? kNothingFollows : FileOffset{at + look}, random() % 4 == 0 ? 1 : kAllRecords);
        std::ranges::move(test::plain(extent), std::back_inserter(all));
        if (extent.end != extent.begin) wanted = 1;
        at = extent.end.value;
    }
    return all;
}

TEST(RecordJoinerModel, WhereverReadsEndTheSameLinesComeTogether) {
    std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same histories each time
    for (int history = 0; history < 3000; ++history) {
        process::MultilineOptions options;
        if (history % 4 == 0) options.start = "^[a-c]";
        if (history % 4 == 1) options.goes_on = "^[ x]";
        if (history % 4 == 2) options.end = "[;x]$";
        if (history % 4 == 3) options.preset = process::StackTraces::python;
        options.lines_max = 2 + (random() % 5);
        options.record_bytes_max = 4 + (random() % 40);
        const auto framing = framing_of(options);
        std::string text;
        for (int line = 0; line < 30; ++line) {
            constexpr std::array<std::string_view, 9> kLines = {
                "a", "b;", " x", "", "xx", "c\r", "  longer than others", "Traceback (most recent call last):", "E: e"};
            text += std::string(kLines.at(random() % kLines.size())) + "\n";
        }
        auto whole = extent_of(text, 0, text.size());
        frame(whole, framing, kNothingFollows);
        ASSERT_EQ(read_in_pieces(text, framing, random), test::plain(whole)) << "history " << history << "\n" << text;
        std::uint64_t end = 0;
        for (const auto& record : whole.records) {
            EXPECT_EQ(record.begin.value, end);
            end = record.end.value;
        }
        EXPECT_EQ(end, text.size());
    }
}

}  // namespace
}  // namespace agent::split
