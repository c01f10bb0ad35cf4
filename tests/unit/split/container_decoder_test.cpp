#include "agent/split/container_decoder.h"

#include <array>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/split/framing.h"
#include "tests/unit/support/line_model.h"

namespace agent::split {
namespace {

using model::Extent;
using model::FileOffset;
using model::Stream;
using test::PlainRecord;
using testing::ElementsAre;
using testing::IsEmpty;

Framing framing_of(std::optional<process::MultilineOptions> multiline = {}, std::uint64_t line_bytes_max = 1 << 20) {
    config::FileSourceConfig config{.type = config::SourceType::container, .max_line_bytes = line_bytes_max};
    config.multiline = std::move(multiline);
    return *Framing::make(config);
}

// A log in which a piece ends with "…"; "!" begins a line of stderr, "?" one that is no line of a container's.
class Log {
 public:
    void add(std::string_view text, int millis = 0) {
        begins.push_back(bytes.size());
        if (text.starts_with('?')) {
            bytes += std::string(text) + "\n";
            return;
        }
        const bool is_error = text.starts_with('!');
        if (is_error) text.remove_prefix(1);
        const bool is_piece = text.ends_with("…");
        if (is_piece) text.remove_suffix(std::string_view("…").size());
        bytes += fmt::format("2026-10-10T13:55:{:02}.{:03}Z {} {} {}\n", millis / 1000, millis % 1000,
                             is_error ? "stderr" : "stdout", is_piece ? 'P' : 'F', text);
    }

    std::string bytes;
    std::vector<std::size_t> begins;
};

Log log_of(std::initializer_list<std::string_view> lines) {
    Log log;
    for (const auto line : lines) log.add(line);
    return log;
}

Extent extent_of(std::string_view text, std::uint64_t begin, std::uint64_t end) {
    Extent extent;
    extent.begin = {begin};
    extent.end = {end};
    extent.bytes = text.substr(begin, end - begin);
    return extent;
}

std::vector<std::string> texts(const Extent& extent) {
    EXPECT_EQ(extent.records.size(), extent.marks.size());
    EXPECT_EQ(extent.records.size(), extent.record_count);
    std::vector<std::string> all;
    for (std::size_t i = 0; i < extent.records.size(); ++i) {
        constexpr std::array<std::string_view, model::kStreams> kSigns{"", "!", "?"};
        const auto sign = kSigns.at(static_cast<std::size_t>(extent.marks[i].stream));
        all.push_back(std::string(sign) + std::string(extent.records[i].line()));
    }
    return all;
}

std::vector<std::string> framed(const Log& log, const Framing& framing, FileOffset seen = kNothingFollows) {
    auto extent = extent_of(log.bytes, 0, log.bytes.size());
    frame(extent, framing, seen);
    return texts(extent);
}

TEST(ContainerDecoder, StreamsAreJoinedEachForItself) {
    const auto log = log_of({"a1…", "!b1…", "a2…", "!b2", "a3", "c"});
    auto extent = extent_of(log.bytes, 0, log.bytes.size());
    frame(extent, framing_of(), {log.bytes.size()});
    EXPECT_THAT(texts(extent), ElementsAre("a1a2a3", "!b1b2", "c"));
    const auto line = log.begins[1];
    EXPECT_EQ(extent.records[0].begin.value, 0U);
    EXPECT_EQ(extent.records[0].end.value, 5 * line);
    EXPECT_EQ(model::bytes_of(extent, 0), 3 * line);
    EXPECT_EQ(extent.records[1].begin.value, line);
    EXPECT_EQ(extent.records[1].end.value, 4 * line);
    EXPECT_EQ(model::bytes_of(extent, 1), 2 * line);
}

TEST(ContainerDecoder, ALineThatIsNoneOfAContainersLogStaysAsItIs) {
    auto log = log_of({"a…", "?{\"no\":1}", "b"});
    auto extent = extent_of(log.bytes, 0, log.bytes.size());
    const auto faults = frame(extent, framing_of(), kNothingFollows);
    EXPECT_THAT(texts(extent), ElementsAre("ab", "??{\"no\":1}"));
    EXPECT_EQ(faults.undecodable, 1U);
}

TEST(ContainerDecoder, WhatWaitsTakesAlongWhatItOverlapsWith) {
    const auto log = log_of({"x", "!b1…", "a", "!b2", "c…"});
    auto extent = extent_of(log.bytes, 0, log.bytes.size());
    frame(extent, framing_of(), {log.bytes.size()});
    EXPECT_THAT(texts(extent), ElementsAre("x", "!b1b2", "a"));
    EXPECT_EQ(extent.end.value, log.begins[4]);
    const auto open = log_of({"x", "a…", "!b1…", "a", "!b2…"});
    auto waiting = extent_of(open.bytes, 0, open.bytes.size());
    frame(waiting, framing_of(), {open.bytes.size()});
    EXPECT_THAT(texts(waiting), ElementsAre("x")) << "the first of stderr waits, and stdout's is around its beginning";
    EXPECT_EQ(waiting.end.value, open.begins[1]);
    EXPECT_THAT(framed(open, framing_of()), ElementsAre("x", "aa", "!b1b2")) << "until nothing follows";
}

TEST(ContainerDecoder, LinesOfAStreamAreJoinedToRecordsBesideTheOtherOnes) {
    const auto framing = framing_of(process::MultilineOptions{.goes_on = "^ "});
    EXPECT_THAT(framed(log_of({"a", "!b", " a1…", "! b1", "a2", " a3", "!c"}), framing),
                ElementsAre("a\n a1a2\n a3", "!b\n b1", "!c"));
}

TEST(ContainerDecoder, APauseEndsARecord) {
    const auto framing = framing_of(process::MultilineOptions{.goes_on = "^ ", .timeout = std::chrono::seconds(1)});
    Log log;
    log.add("a", 0);
    log.add(" a1", 1000);
    log.add("!b", 1500);
    log.add(" a2", 2001);
    EXPECT_THAT(framed(log, framing), ElementsAre("a\n a1", "!b", " a2"));
    auto extent = extent_of(log.bytes, 0, log.begins[3]);
    frame(extent, framing, {log.bytes.size()});
    EXPECT_THAT(texts(extent), IsEmpty());
    log.add("!c", 4000);
    auto later = extent_of(log.bytes, 0, log.bytes.size());
    frame(later, framing, {log.bytes.size()});
    EXPECT_THAT(texts(later), ElementsAre("a\n a1", "!b", " a2")) << "by the lines' own times, whoever's they are";
}

TEST(ContainerDecoder, ALineHasAtMostSoManyBytes) {
    const auto framing = framing_of({}, 1024);
    const std::string piece(400, 'x');
    Log log;
    for (int i = 0; i < 3; ++i) log.add(piece + "…");
    log.add("end");
    log.add("next");
    EXPECT_THAT(framed(log, framing), ElementsAre(piece + piece, piece + "end", "next"));
}

TEST(ContainerDecoder, ALineThatCameInOnePieceIsNoLongerThanALineMayBe) {
    const auto framing = framing_of(process::MultilineOptions{.goes_on = "^[xy ]"}, 1024);
    Log log;
    log.add("a");
    log.add(std::string(1500, 'x') + "y");
    log.add(" b");
    log.add("?" + std::string(2000, 'z'));
    auto extent = extent_of(log.bytes, 0, log.bytes.size());
    frame(extent, framing, kNothingFollows);
    EXPECT_THAT(texts(extent), ElementsAre("a\n" + std::string(1024, 'x'), std::string(476, 'x') + "y\n b",
                                           "??" + std::string(1023, 'z'), "?" + std::string(977, 'z')));
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < extent.marks.size(); ++i) bytes += model::bytes_of(extent, i);
    EXPECT_EQ(bytes, log.bytes.size());
}

TEST(ContainerDecoder, NothingIsJoinedOverALineThatWasSkipped) {
    config::FileSourceConfig config{.type = config::SourceType::container, .long_line = config::LongLine::skip};
    config.multiline = process::MultilineOptions{.goes_on = "^ "};
    auto framing = *Framing::make(config);
    framing.line_limit.bytes_max = 100;
    const auto log = log_of({"a", "!b…", std::string(200, 'x'), " a1", "!b1"});
    EXPECT_THAT(framed(log, framing), ElementsAre("a", "!b", " a1", "!b1"));
}

TEST(ContainerDecoder, InTheFilesOrderNoRecordOverlapsWithAnother) {
    const auto framing = framing_of(process::MultilineOptions{.goes_on = "^ "});
    const auto log = log_of({"a1…", "!b", "a2", " a3", "! b1", "x"});
    auto extent = extent_of(log.bytes, 0, log.bytes.size());
    frame(extent, framing, kNothingFollows, kAllRecords, Streams::in_file_order);
    EXPECT_THAT(texts(extent), ElementsAre("a1", "!b", "a2\n a3", "! b1", "x"));
    auto first = extent_of(log.bytes, 0, log.bytes.size());
    frame(first, framing, kNothingFollows, 2, Streams::in_file_order);
    EXPECT_THAT(texts(first), ElementsAre("a1", "!b"));
    EXPECT_EQ(first.end.value, log.begins[2]);
    frame_again(first, framing, Streams::in_file_order);
    EXPECT_THAT(texts(first), ElementsAre("a1", "!b"));
}

TEST(ContainerDecoder, WhatIsCountedIsOfTheLinesThatTheExtentHas) {
    const auto log = log_of({"?x", "a", "b…", "?y"});
    auto extent = extent_of(log.bytes, 0, log.bytes.size());
    EXPECT_EQ(frame(extent, framing_of(), {log.bytes.size()}).undecodable, 1U);
    EXPECT_THAT(texts(extent), ElementsAre("??x", "a"));
}

// Records of a log that is read in pieces of random sizes, each from where the records before it ended.
std::vector<std::string> read_in_pieces(std::string_view text, const Framing& framing, std::mt19937& random) {
    std::vector<std::string> all;
    std::size_t at = 0;
    std::size_t wanted = 1;
    while (at < text.size()) {
        const std::size_t look = std::min(wanted + (random() % 300), text.size() - at);
        const auto newline = text.substr(at, look).rfind('\n');
        wanted = 2 * look;
        if (newline == std::string_view::npos) continue;
        auto extent = extent_of(text, at, at + newline + 1);
        const bool is_all = at + look == text.size();
        frame(extent, framing, is_all ? kNothingFollows : FileOffset{at + look});
        std::uint64_t bytes = 0;
        for (std::size_t i = 0; i < extent.marks.size(); ++i) bytes += model::bytes_of(extent, i);
        EXPECT_EQ(bytes, extent.end - extent.begin) << "each byte is somebody's";
        std::ranges::move(texts(extent), std::back_inserter(all));
        if (extent.end != extent.begin) wanted = 1;
        at = extent.end.value;
    }
    return all;
}

TEST(ContainerDecoderModel, WhereverReadsEndTheSamePiecesComeTogether) {
    std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same histories each time
    for (int history = 0; history < 2000; ++history) {
        std::optional<process::MultilineOptions> multiline;
        if (history % 3 == 0) multiline = process::MultilineOptions{.start = "^[a-c]"};
        if (history % 3 == 1) multiline = process::MultilineOptions{.goes_on = "^[ x]"};
        if (multiline) multiline->lines_max = 2 + (random() % 5);
        const auto framing = framing_of(multiline);
        Log log;
        int millis = 0;
        for (int line = 0; line < 40; ++line) {
            constexpr std::array<std::string_view, 8> kLines = {"a", "b…", " x", "", "xx…", "c", "  longer…", "?z"};
            millis += random() % 20 == 0 ? 1'200 : 1;
            const auto text = kLines.at(random() % kLines.size());
            log.add(text != "?z" && random() % 3 == 0 ? "!" + std::string(text) : std::string(text), millis);
        }
        ASSERT_EQ(read_in_pieces(log.bytes, framing, random), framed(log, framing)) << "history " << history << "\n"
                                                                                    << log.bytes;
    }
}

}  // namespace
}  // namespace agent::split
