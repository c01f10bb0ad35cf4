#include "agent/read/reader.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/unit/read/followed_file.h"

namespace agent::read {
namespace {

using config::LongLine;
using model::Fingerprint;
using testing::ElementsAre;
using testing::IsEmpty;

std::string filler(std::size_t size, unsigned salt = 0) {  // lines that all differ
    std::string bytes;
    for (unsigned line = 0; bytes.size() < size; ++line)
        bytes += "line " + std::to_string(line) + " of file " + std::to_string(salt) + "\n";
    bytes.resize(size);
    bytes.back() = '\n';
    return bytes;
}

TEST(Reader, GivesCompleteLinesOnlyAndThePartialOneOnceItIsComplete) {
    FollowedFile file;
    file.append("one\ntwo\nthr");
    EXPECT_EQ(file.read_all(), ReadStatus::at_end);
    EXPECT_THAT(file.lines(), ElementsAre("one", "two"));
    EXPECT_EQ(file.reader.offset().value, 8U);
    EXPECT_EQ(file.reader.partial_bytes(), 3U);

    file.append("ee");
    EXPECT_EQ(file.read_all(), ReadStatus::at_end);
    EXPECT_THAT(file.lines(), ElementsAre("one", "two"));
    file.append("\n");
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre("one", "two", "three"));
    EXPECT_EQ(file.reader.partial_bytes(), 0U);
}

TEST(Reader, AnEmptyFileIsAtItsEnd) {
    FollowedFile file;
    EXPECT_EQ(file.read_once(), ReadStatus::at_end);
    EXPECT_EQ(file.reader.partial_bytes(), 0U);
}

TEST(Reader, TellsWhetherTheFileEndedWithinTheRead) {
    FollowedFile file;
    file.append("one\n");
    EXPECT_TRUE(file.reader.read(file.pool).drained);
    file.append(filler(2 * kExtentBytesMax));
    EXPECT_FALSE(file.reader.read(file.pool).drained);
}

TEST(Reader, AnExtentOfShortLinesStaysBelowItsLimit) {
    FollowedFile file;
    file.append(filler(5 * kExtentBytesMax));
    while (true) {
        auto result = file.reader.read(file.pool);
        if (result.status != ReadStatus::extent) break;
        EXPECT_LE(result.extent->bytes.size(), kExtentBytesMax);
        EXPECT_EQ(result.extent->bytes.back(), '\n');
    }
    EXPECT_EQ(file.reader.offset().value, 5 * kExtentBytesMax);
}

TEST(Reader, CarriageReturnsBelongToTheEndingWhereverAReadEnds) {
    FollowedFile file;
    file.append("one\r");
    file.read_all();
    EXPECT_THAT(file.records, IsEmpty());
    file.append("\ntwo\r\n");
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre("one", "two"));
}

TEST(Reader, NoticesThatTheFileBecameShorter) {
    FollowedFile file;
    file.append("one\ntwo\n");
    file.read_all();
    test::rewrite(file.path, "n\n");
    EXPECT_EQ(file.read_once(), ReadStatus::truncated);
    EXPECT_EQ(file.reader.offset().value, 8U) << "the owner decides what to do";

    file.reader.seek({}, {});
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre("one", "two", "n"));
}

TEST(Reader, NoticesThatTheFileWasEmptied) {
    FollowedFile file;
    file.append("one\n");
    file.read_all();
    std::filesystem::resize_file(file.path, 0);
    EXPECT_EQ(file.read_once(), ReadStatus::truncated);
}

TEST(Reader, NoticesThatTheFileWasRewrittenToTheSameSize) {
    FollowedFile file;
    file.append("one\ntwo\n");
    file.read_all();
    test::rewrite(file.path, "six\nten\n");
    EXPECT_EQ(file.read_once(), ReadStatus::truncated);
}

TEST(Reader, NoticesThatTheFileWasRewrittenAndGrewPastTheOffset) {
    for (const std::size_t size : {10UL, 1023UL, 1024UL, 1025UL, 5000UL, kExtentBytesMax, 3 * kExtentBytesMax}) {
        SCOPED_TRACE(size);
        FollowedFile file;
        file.append(filler(size, 1));
        file.read_all();
        ASSERT_EQ(file.reader.offset().value, size);
        test::rewrite(file.path, filler(size + 100'000, 2));
        EXPECT_EQ(file.read_once(), ReadStatus::truncated);
    }
}

TEST(Reader, ConstantLineEndingsDoNotFoolTheAnchor) {
    const std::string ending = std::string(200, '=') + "\n";
    FollowedFile file;
    file.append("first version\n" + ending);
    file.read_all();
    test::rewrite(file.path, "other version\n" + ending + "more\n");
    EXPECT_EQ(file.read_once(), ReadStatus::truncated);
}

TEST(Reader, GoesBackToWhatItReadAndNotToWhatTookItsPlaceMeanwhile) {
    for (const std::uint64_t offset : {8UL, 12UL}) {  // the beginning of the second extent, and the midst of it
        FollowedFile file;
        file.append("one\ntwo\n");
        file.read_once();
        file.append("six\nten\n");
        const auto result = file.reader.read(file.pool);
        ASSERT_EQ(result.status, ReadStatus::extent);
        file.reader.go_back(*result.extent, {offset});
        EXPECT_EQ(file.reader.offset().value, offset);
        EXPECT_EQ(file.reader.anchor(), file.reader.anchor_at({offset}));
    }
    for (const std::uint64_t offset : {8UL, 12UL}) {
        FollowedFile file;
        file.append("one\ntwo\n");
        if (offset == 8) file.read_once();
        file.append("six\nten\n");
        const auto result = file.reader.read(file.pool);
        ASSERT_EQ(result.status, ReadStatus::extent);
        test::rewrite(file.path, "ONE\nTWO\nSIX\nTEN\n");
        file.reader.go_back(*result.extent, {offset});
        EXPECT_EQ(file.reader.read(file.pool).status, ReadStatus::truncated) << offset;
    }
}

// The anchor lies before the offset: a partial line that was rewritten is not in it.
TEST(Reader, FindsLinesWhereAPartialLineWasBefore) {
    FollowedFile file;
    file.append("partial");
    file.read_all();
    test::rewrite(file.path, "a\nb\n");
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre("a", "b"));

    file.append("partial");
    file.read_all();
    std::filesystem::resize_file(file.path, 4);
    file.append("c\nlonger than before");
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre("a", "b", "c"));
    EXPECT_EQ(file.reader.partial_bytes(), 18U);
}

TEST(Reader, ALineAtItsLimitAndOneOverItFareAsThePolicySays) {
    for (const auto policy : {LongLine::split, LongLine::truncate, LongLine::skip})
        for (const std::string ending : {"\n", "\r\n"})
            for (const std::size_t max :
                 {5UL, 1024UL, kExtentBytesMax - 1, kExtentBytesMax, kExtentBytesMax + 1, 300'000UL})
                for (const std::size_t size : {max - 1, max, max + 1, max + 2, (2 * max) - 1, 2 * max, (2 * max) + 1}) {
                    SCOPED_TRACE(testing::Message() << "policy " << static_cast<int>(policy) << " ending "
                                                    << ending.size() << " max " << max << " size " << size);
                    FollowedFile file({.bytes_max = max, .policy = policy});
                    const std::string bytes = "a\n" + std::string(size, 'x') + ending + "b\n";
                    file.append(bytes);
                    file.read_all();
                    ASSERT_EQ(file.records, test::records_of(bytes, file.limit));
                }
}

TEST(Reader, ALineThatGrowsOverManyReadsIsReadOnceItIsComplete) {
    FollowedFile file;
    std::string line;
    for (int i = 0; i < 100; ++i) {
        const std::string more(7919, static_cast<char>('a' + (i % 26)));
        line += more;
        file.append(more);
        ASSERT_EQ(file.read_all(), ReadStatus::at_end);
        ASSERT_EQ(file.reader.partial_bytes(), line.size());
    }
    file.append("\nnext\n");
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre(line, "next"));
}

TEST(Reader, ALineThatGrowsOverItsLimitInManyReadsFaresLikeOneThatWasThereAtOnce) {
    for (const auto policy : {LongLine::split, LongLine::truncate, LongLine::skip}) {
        SCOPED_TRACE(static_cast<int>(policy));
        FollowedFile file({.bytes_max = 1000, .policy = policy});
        std::string bytes;
        for (int i = 0; i < 50; ++i) {
            const std::string more(77, static_cast<char>('a' + (i % 26)));
            bytes += more;
            file.append(more);
            file.read_all();
        }
        file.append("\nnext\n");
        bytes += "\nnext\n";
        file.read_all();
        EXPECT_EQ(file.records, test::records_of(bytes, file.limit));
    }
}

TEST(Reader, ALineLongerThanIsLookedThroughInOneTurnIsLookedThroughInSeveral) {
    for (const auto policy : {LongLine::truncate, LongLine::skip}) {
        SCOPED_TRACE(static_cast<int>(policy));
        FollowedFile file({.bytes_max = 100, .policy = policy});
        const std::string bytes = "a\n" + std::string((3 * kScanBytesMax) + 12'345, 'x') + "\nb\n";
        file.append(bytes);
        int turns = 0;
        for (auto status = file.read_once(); status != ReadStatus::at_end; status = file.read_once())
            turns += status == ReadStatus::again ? 1 : 0;
        EXPECT_GE(turns, 2);
        EXPECT_EQ(file.records, test::records_of(bytes, file.limit));
    }
}

TEST(Reader, ALongLineWithoutItsEndWaitsUnlessItIsSplit) {
    FollowedFile cut({.bytes_max = 100, .policy = LongLine::truncate});
    cut.append(std::string(500, 'x'));
    EXPECT_EQ(cut.read_all(), ReadStatus::at_end);
    EXPECT_THAT(cut.records, IsEmpty());

    FollowedFile pieces({.bytes_max = 100, .policy = LongLine::split});
    pieces.append(std::string(500, 'x'));
    EXPECT_EQ(pieces.read_all(), ReadStatus::at_end);
    EXPECT_EQ(pieces.records.size(), 4U) << "the fifth may be the last one, and gets the line ending then";
}

TEST(Reader, ALineOfManyPiecesIsNotReadOnceForEachOfThem) {
    FollowedFile file({.bytes_max = 10, .policy = LongLine::split});
    file.append(std::string(10 * kExtentBytesMax, 'x'));
    file.read_all();
    EXPECT_LE(file.ends.size(), 12U);
}

TEST(Reader, ASeekBackInTheMiddleOfALongLineLooksAgain) {
    FollowedFile file({.bytes_max = 100, .policy = LongLine::truncate});
    file.append("a\n");
    file.read_all();
    const auto [offset, anchor] = file.ends.back();
    file.append(std::string(2 * kScanBytesMax, 'x'));
    EXPECT_EQ(file.read_once(), ReadStatus::again);
    file.reader.seek(offset, anchor);
    file.append("\nb\n");
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre("a", std::string(100, 'x'), "b"));
}

TEST(Reader, ASparseFileIsBytesLikeOthers) {
    FollowedFile file({.bytes_max = 1 << 20, .policy = LongLine::split});
    std::filesystem::resize_file(file.path, 300'000);
    file.append("\nend\n");
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre(std::string(300'000, '\0'), "end"));
}

TEST(Reader, AFileThatCannotBeReadSaysWhy) {
    Reader reader(std::make_shared<const base::UniqueFd>(), {});
    BufferPool pool{kReadBytes, 1};
    const auto result = reader.read(pool);
    EXPECT_EQ(result.status, ReadStatus::failed);
    EXPECT_EQ(result.error, EBADF);
    EXPECT_FALSE(reader.look());
    EXPECT_EQ(reader.last_line_start().value, 0U);
}

TEST(Reader, ThePartialLineOfAFinishedFileIsReadOnRequest) {
    FollowedFile file;
    file.append("one\nrest");
    file.read_all();
    auto result = file.reader.read_partial_line(file.pool);
    ASSERT_EQ(result.status, ReadStatus::extent);
    EXPECT_EQ(result.extent->form, model::ExtentForm::partial_line);
    EXPECT_EQ(result.extent->bytes, "rest");
    EXPECT_EQ(file.reader.offset().value, 8U);
    EXPECT_EQ(file.reader.read_partial_line(file.pool).status, ReadStatus::at_end);
}

TEST(Reader, APartialLineOverTheLimitComesInPieces) {
    FollowedFile file({.bytes_max = 4, .policy = LongLine::truncate});
    file.append("123456789");
    std::vector<std::string> pieces;
    for (auto r = file.reader.read_partial_line(file.pool); r.extent; r = file.reader.read_partial_line(file.pool))
        pieces.emplace_back(r.extent->bytes);
    EXPECT_THAT(pieces, ElementsAre("1234", "5678", "9"));
}

TEST(Reader, APartialLineThatWasCompletedMeanwhileIsNotPartial) {
    FollowedFile file;
    file.append("rest");
    file.read_all();
    file.append("\nand more");
    EXPECT_EQ(file.reader.read_partial_line(file.pool).status, ReadStatus::at_end);
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre("rest"));
}

TEST(Reader, APartialLineOfATruncatedFileIsNotRead) {
    FollowedFile file;
    file.append("one\nrest");
    file.read_all();
    test::rewrite(file.path, "six\nrest");
    EXPECT_EQ(file.reader.read_partial_line(file.pool).status, ReadStatus::truncated);
}

TEST(Reader, TheLastLineStartsBehindTheLastLineEnding) {
    FollowedFile file;
    EXPECT_EQ(file.reader.last_line_start().value, 0U);
    file.append("partial");
    EXPECT_EQ(file.reader.last_line_start().value, 0U);
    file.append("\n");
    EXPECT_EQ(file.reader.last_line_start().value, 8U);
    file.append("x");
    EXPECT_EQ(file.reader.last_line_start().value, 8U);
    file.append(std::string(3 << 20, 'x'));
    EXPECT_GT(file.reader.last_line_start().value, 8U) << "it does not look back for ever";
}

TEST(Reader, RecognisesAFileByItsHeadAndByWhatIsBeforeTheOffset) {
    FollowedFile file;
    const auto bytes = filler(10'000, 1);
    file.append(bytes);
    file.read_all();
    const auto offset = file.reader.offset();
    const auto head = file.reader.head(offset);
    const auto anchor = file.reader.anchor();
    EXPECT_EQ(head, Fingerprint::of(bytes.substr(0, 1024)));
    EXPECT_EQ(anchor, Fingerprint::of(bytes.substr(10'000 - 1024)));
    file.append("more\n");
    EXPECT_TRUE(file.reader.recognises(head, anchor, offset));

    EXPECT_FALSE(file.reader.recognises(head, anchor, offset - 1));
    EXPECT_FALSE(file.reader.recognises(head, anchor, {100})) << "shorter than the anchor";
    test::rewrite(file.path, filler(1024, 2) + bytes.substr(1024));
    EXPECT_FALSE(file.reader.recognises(head, anchor, offset)) << "another head";
    test::rewrite(file.path, bytes.substr(0, 5000) + filler(5000, 3));
    EXPECT_FALSE(file.reader.recognises(head, anchor, offset)) << "the same head, but other bytes before the offset";
    test::rewrite(file.path, bytes.substr(0, 5000));
    EXPECT_FALSE(file.reader.recognises(head, anchor, offset)) << "shorter than the offset";
    EXPECT_TRUE(file.reader.recognises({}, {}, {})) << "nothing remembered fits any file";
}

TEST(Reader, LooksAtSizeAndNames) {
    FollowedFile file;
    file.append("12345");
    EXPECT_EQ(file.reader.look()->size, 5U);
    EXPECT_FALSE(file.reader.look()->deleted);
    std::filesystem::remove(file.path);
    EXPECT_TRUE(file.reader.look()->deleted);
}

TEST(Reader, TheOwnerOfAFileReadsItToItsEndAfterItWasDeleted) {
    FollowedFile file;
    file.append("one\ntwo\n");
    std::filesystem::remove(file.path);
    file.read_all();
    EXPECT_THAT(file.lines(), ElementsAre("one", "two"));
}

// --- encodings ---

std::string utf16le(std::string_view ascii) {
    std::string bytes;
    for (const char c : ascii) bytes += {c, '\0'};
    return bytes;
}

TEST(Reader, InUtf16NeitherACharacterNorALineEndingIsCutByAReadsEdge) {
    const auto text = utf16le("one\r\ntwo\nthr") + std::string("\x0A\x4E\n\n", 4) + utf16le("\n\r\n");
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        FollowedFile file({}, config::TextEncoding::utf16le);
        file.append(text.substr(0, cut));
        file.read_all();
        file.append(text.substr(cut));
        file.read_all();
        EXPECT_EQ(file.reader.offset().value, text.size());
        std::string all;
        for (const auto& record : file.records) all += record.line + "|";
        EXPECT_EQ(all,
                  utf16le("one") + "|" + utf16le("two") + "|" + utf16le("thr") + std::string("\x0A\x4E\n\n", 4) + "||")
            << "cut at " << cut;
    }
}

TEST(Reader, FindsTheEndOfALongLineInUtf16) {
    for (const auto policy : {LongLine::split, LongLine::truncate, LongLine::skip})
        for (std::size_t cut = 0; cut < 6; ++cut) {
            FollowedFile file({.bytes_max = 64, .policy = policy}, config::TextEncoding::utf16le);
            const auto text = utf16le(std::string(kReadBytes, 'x') + "\nshort\n");
            file.append(text.substr(0, (2 * kReadBytes) - 3 + cut));
            file.read_all();
            file.append(text.substr((2 * kReadBytes) - 3 + cut));
            file.read_all();
            ASSERT_FALSE(file.records.empty());
            EXPECT_EQ(file.records.back().line, utf16le("short"));
            EXPECT_EQ(file.reader.offset().value, text.size());
        }
}

TEST(Reader, TheByteOrderMarkSaysWhereLinesEnd) {
    FollowedFile file({}, config::TextEncoding::by_bom);
    file.append("\xFF");
    EXPECT_EQ(file.read_once(), ReadStatus::at_end) << "it may become one";
    file.append("\xFE" + utf16le("a\n"));
    EXPECT_EQ(file.read_once(), ReadStatus::extent);
    EXPECT_EQ(file.reader.offset().value, 6U);
    ASSERT_EQ(::truncate(file.path.c_str(), 0), 0);
    file.append("plain\nlines\n");
    EXPECT_EQ(file.read_once(), ReadStatus::truncated);
    file.reader.start_anew();
    file.read_all();
    EXPECT_EQ(file.records.back().line, "lines") << "a new file has its own";
}

TEST(Reader, InUtf16TheLastLineBeginsBehindAWholeNewline) {
    FollowedFile file({}, config::TextEncoding::utf16be);
    file.append(std::string("\0a\0\n\n\0\0b", 8));
    EXPECT_EQ(file.reader.last_line_start().value, 4U);
}

TEST(Reader, OfAFileThatIsTheBeginningOfAByteOrderMarkTheRestIsALineToo) {
    FollowedFile file({}, config::TextEncoding::by_bom);
    file.append("\xEF\xBB");
    EXPECT_EQ(file.read_once(), ReadStatus::at_end);
    EXPECT_EQ(file.reader.partial_bytes(), 2U) << "so that somebody waits for it";
    const auto rest = file.reader.read_partial_line(file.pool);
    ASSERT_EQ(rest.status, ReadStatus::extent);
    EXPECT_EQ(rest.extent->bytes, "\xEF\xBB");
    EXPECT_EQ(rest.extent->encoding, config::TextEncoding::utf8);
}

}  // namespace
}  // namespace agent::read
