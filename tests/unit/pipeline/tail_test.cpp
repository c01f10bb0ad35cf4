#include "agent/pipeline/tail.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/unit/support/temp_folder.h"

namespace agent::pipeline {
namespace {

using model::ExtentPtr;

class TailTest : public testing::Test {
 protected:
    TailTest() { test::rewrite(path, ""); }

    std::unique_ptr<Tail> make_tail(const std::optional<model::Checkpoint>& checkpoint = {},
                                    bool at_end = false) const {
        return std::make_unique<Tail>(
            TailStart{.id = {1},
                      .path = path,
                      .identity = {.inode = 7},
                      .fd = std::make_shared<const base::UniqueFd>(::open(path.c_str(), O_RDONLY)),
                      .checkpoint = checkpoint,
                      .at_end = at_end},
            model::LineLimit{});
    }
    // Appends a line and reads it.
    ExtentPtr read_line(Tail& tail, std::string_view line) {
        test::append_to(path, line);
        auto result = tail.reader.read(pool);
        EXPECT_EQ(result.status, read::ReadStatus::extent);
        tail.open_extent(*result.extent);
        return std::move(result.extent);
    }

    test::TempFolder folder;
    std::string path = folder.at("a.log");
    read::BufferPool pool{read::kReadBytes, 2};
};

TEST_F(TailTest, TheWatermarkMovesWithWhatIsDelivered) {
    auto tail = make_tail();
    EXPECT_FALSE(tail->begin()) << "nothing is lost";
    const auto first = read_line(*tail, "1\n");
    const auto second = read_line(*tail, "22\n");
    EXPECT_FALSE(tail->close_extent(*second)) << "the first one is not finished";
    EXPECT_EQ(tail->watermark.offset.value, 0U);
    EXPECT_TRUE(tail->close_extent(*first));
    EXPECT_EQ(tail->watermark.offset.value, 5U);
    EXPECT_FALSE(tail->has_in_flight());
}

TEST_F(TailTest, AFailedExtentLeavesAGapThatNothingBehindItCloses) {
    auto tail = make_tail();
    tail->begin();
    const auto first = read_line(*tail, "1\n");
    const auto second = read_line(*tail, "22\n");
    const auto third = read_line(*tail, "333\n");
    EXPECT_TRUE(tail->close_extent(*first));
    second->failure = "not taken";
    EXPECT_FALSE(tail->close_extent(*second));
    EXPECT_FALSE(tail->close_extent(*third));
    EXPECT_EQ(tail->watermark.offset.value, 2U);
    EXPECT_FALSE(tail->has_in_flight());

    tail->rewind();
    EXPECT_EQ(tail->reader.offset().value, 2U) << "it reads again from the watermark";
}

TEST_F(TailTest, WhatWasReadBeforeATruncationDoesNotMoveTheWatermarkAfterIt) {
    auto tail = make_tail();
    tail->begin();
    const auto before = read_line(*tail, "a long line\n");
    test::rewrite(path, "");
    tail->start_anew();
    const auto after = read_line(*tail, "1\n");
    EXPECT_FALSE(tail->is_current(*before));
    EXPECT_FALSE(tail->close_extent(*before));
    EXPECT_EQ(tail->watermark.offset.value, 0U);
    EXPECT_TRUE(tail->close_extent(*after));
    EXPECT_EQ(tail->watermark.offset.value, 2U);
}

TEST_F(TailTest, GoesOnFromItsCheckpoint) {
    model::Checkpoint checkpoint;
    {
        auto tail = make_tail();
        tail->begin();
        const auto extent = read_line(*tail, "one\ntwo\n");
        tail->close_extent(*extent);
        checkpoint = tail->checkpoint();
        EXPECT_EQ(checkpoint.watermark.value, 8U);
        EXPECT_EQ(checkpoint.head, model::Fingerprint::of("one\ntwo\n"));
        EXPECT_EQ(checkpoint.anchor, model::Fingerprint::of("one\ntwo\n"));
        EXPECT_GT(checkpoint.updated_ms, 0U);
    }
    auto tail = make_tail(checkpoint);
    EXPECT_FALSE(tail->begin()) << "nothing is lost";
    EXPECT_FALSE(tail->dirty);
    EXPECT_EQ(read_line(*tail, "three\n")->bytes, "three\n");
    EXPECT_EQ(tail->checkpoint().head, checkpoint.head) << "the head is that of the bytes below the watermark";
}

TEST_F(TailTest, AFileThatIsNotWhatItsCheckpointRemembersIsReadFromItsBeginning) {
    test::rewrite(path, "one\ntwo\n");
    auto before = make_tail();
    before->begin();
    const auto extent = before->reader.read(pool).extent;
    before->open_extent(*extent);
    before->close_extent(*extent);
    const auto checkpoint = before->checkpoint();
    for (const auto* now : {"six\nten\n", "one\n", "", "six\nten\nand more\n", "xne\ntwo\n"}) {
        test::rewrite(path, now);
        auto tail = make_tail(checkpoint, true);
        EXPECT_TRUE(tail->begin()) << now;
        EXPECT_EQ(tail->watermark.offset.value, 0U) << "start_at does not apply";
        EXPECT_TRUE(tail->dirty);
    }
}

TEST_F(TailTest, BeginsAtTheEndBehindTheLastCompleteLine) {
    test::rewrite(path, "one\ntwo\npart");
    auto tail = make_tail({}, true);
    EXPECT_FALSE(tail->begin());
    EXPECT_EQ(tail->watermark.offset.value, 8U);
    EXPECT_EQ(read_line(*tail, "ial\n")->bytes, "partial\n");
    EXPECT_EQ(tail->lag_bytes(), 8U);
}

std::uint64_t still_to_come(Tail& tail) {
    const auto books = tail.books();
    auto known = books.acked;
    for (const auto bytes : books.dropped) known += bytes;
    for (const auto bytes : books.lost) known += bytes;
    return books.seen - known;
}

TEST_F(TailTest, TheBooksBalanceAtAnyTime) {
    auto tail = make_tail();
    tail->begin();
    const auto first = read_line(*tail, "12345\n");
    const auto second = read_line(*tail, "1234567\n");
    EXPECT_EQ(still_to_come(*tail), 14U);
    second->dropped = {0, 8, 0};
    tail->close_extent(*second);
    EXPECT_EQ(tail->books().dropped, model::Dropped()) << "a gap holds it back";
    tail->close_extent(*first);
    EXPECT_EQ(tail->books().acked, 6U);
    EXPECT_EQ(tail->books().dropped, (model::Dropped{0, 8, 0}));
    EXPECT_EQ(tail->books().read, 14U);
    EXPECT_EQ(still_to_come(*tail), 0U);

    const auto failed = read_line(*tail, "12\n");
    failed->failure = "no";
    tail->close_extent(*failed);
    tail->rewind();
    const auto again = tail->reader.read(pool).extent;
    tail->open_extent(*again);
    EXPECT_EQ(tail->books().read, 17U) << "once";
    EXPECT_EQ(still_to_come(*tail), 3U);
}

TEST_F(TailTest, ATruncationLosesWhatNobodyReadAndWhatIsNotTakenAfterIt) {
    auto tail = make_tail();
    tail->begin();
    const auto taken = read_line(*tail, "1\n");
    const auto refused = read_line(*tail, "22\n");
    const auto behind_the_gap = read_line(*tail, "333\n");
    tail->close_extent(*behind_the_gap);
    test::append_to(path, "nobody reads this\n");
    EXPECT_EQ(tail->lag_bytes(), 27U);
    test::rewrite(path, "");

    const auto loss = tail->start_anew();
    EXPECT_EQ(loss.begin.value, 0U) << "of what is behind it, some may be taken";
    EXPECT_EQ(loss.end.value, 27U);
    EXPECT_EQ(loss.bytes, 18U);
    EXPECT_EQ(still_to_come(*tail), 5U) << "in flight";
    tail->close_extent(*taken);
    refused->failure = "no";
    tail->close_extent(*refused);
    const auto books = tail->books();
    EXPECT_EQ(books.seen, 27U);
    EXPECT_EQ(books.acked, 6U);
    EXPECT_EQ(books.lost[0], 21U);
    EXPECT_EQ(still_to_come(*tail), 0U);
}

TEST_F(TailTest, TellsWhatWasSeenAndIsNoLongerThere) {
    auto before = make_tail();
    before->begin();
    before->close_extent(*read_line(*before, "one\n"));
    test::append_to(path, "unread\n");
    const auto checkpoint = before->checkpoint();
    EXPECT_EQ(checkpoint.seen.value, 11U);
    test::rewrite(path, "");
    auto tail = make_tail(checkpoint);
    const auto loss = tail->begin();
    ASSERT_TRUE(loss);
    EXPECT_EQ(loss->begin.value, 4U);
    EXPECT_EQ(loss->end.value, 11U);
    EXPECT_EQ(tail->books().lost[2], 7U);
    EXPECT_EQ(still_to_come(*tail), 0U);
}

TEST_F(TailTest, WhatWasCutOffBehindTheWatermarkIsTold) {
    auto before = make_tail();
    before->begin();
    test::append_to(path, "nobody took this\n");
    const auto checkpoint = before->checkpoint();
    EXPECT_EQ(checkpoint.watermark.value, 0U);
    test::rewrite(path, "new\n");
    auto tail = make_tail(checkpoint);
    const auto loss = tail->begin();
    ASSERT_TRUE(loss);
    EXPECT_EQ(loss->begin.value, 4U);
    EXPECT_EQ(loss->end.value, 17U);
    EXPECT_EQ(tail->books().lost[2], 13U);
}

TEST_F(TailTest, IsMovedByHand) {
    auto tail = make_tail();
    tail->begin();
    const auto extent = read_line(*tail, "one\ntwo\nthree\n");
    tail->close_extent(*extent);
    tail->move_to({4});
    EXPECT_EQ(tail->watermark.offset.value, 4U);
    EXPECT_EQ(tail->reader.read(pool).extent->bytes, "two\nthree\n");
}

}  // namespace
}  // namespace agent::pipeline
