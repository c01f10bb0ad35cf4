#include "agent/acknowledge/ledger.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace agent::acknowledge {
namespace {

using model::Extent;
using model::ExtentSeq;
using model::FileOffset;
using model::Fingerprint;

Extent extent_of(std::uint64_t seq, std::uint64_t begin, std::uint64_t end) {
    Extent extent;
    extent.seq = {seq};
    extent.begin = {begin};
    extent.end = {end};
    extent.anchor = {.length = 1, .hash = end};
    return extent;
}

Step at(std::uint64_t offset) {
    return {.to = {.offset = {offset}, .anchor = {.length = 1, .hash = offset}}};
}

TEST(Ledger, TheWatermarkIsTheEndOfWhatIsFinishedAndBringsItsAnchor) {
    Ledger ledger;
    ledger.open(extent_of(7, 100, 150));
    EXPECT_FALSE(ledger.empty());
    EXPECT_EQ(ledger.finish({7}), at(150));
    EXPECT_TRUE(ledger.empty());
}

TEST(Ledger, AGapHoldsTheWatermarkBack) {
    Ledger ledger;
    for (std::uint64_t i = 0; i < 4; ++i) ledger.open(extent_of(i, i * 10, (i + 1) * 10));
    EXPECT_EQ(ledger.finish({2}), std::nullopt);
    EXPECT_EQ(ledger.finish({1}), std::nullopt);
    EXPECT_EQ(ledger.size(), 4U);
    EXPECT_EQ(ledger.finish({0}), at(30)) << "the gap is closed: what was finished behind it counts";
    EXPECT_EQ(ledger.finish({3}), at(40));
}

TEST(Ledger, GoesOnAfterItWasEmpty) {
    Ledger ledger;
    ledger.open(extent_of(0, 0, 10));
    ledger.finish({0});
    ledger.open(extent_of(1, 10, 30));
    EXPECT_EQ(ledger.finish({1}), at(30));
}

TEST(Ledger, WhatIsSetAsideKeepsTheOrderOfItsFile) {
    Ledger ledger;
    for (std::uint64_t i = 0; i < 4; ++i) ledger.open(extent_of(i, i * 10, (i + 1) * 10));
    EXPECT_FALSE(ledger.set_aside({1})) << "who is before it may follow";
    EXPECT_TRUE(ledger.set_aside({0}));
    EXPECT_TRUE(ledger.set_aside({1})) << "behind it";
    ledger.finish({2});
    EXPECT_TRUE(ledger.set_aside({3})) << "what is finished needs no place";
    EXPECT_EQ(ledger.finish({0}), at(10));
    EXPECT_EQ(ledger.finish({1}), at(30));
}

TEST(Ledger, BehindWhatFailedNothingIsSetAside) {
    Ledger ledger;
    for (std::uint64_t i = 0; i < 2; ++i) ledger.open(extent_of(i, i * 10, (i + 1) * 10));
    EXPECT_TRUE(ledger.set_aside({0}));
    ledger.fail({0});
    EXPECT_FALSE(ledger.set_aside({1}));
}

TEST(LedgerDeathTest, AnExtentIsFinishedOnce) {
    Ledger ledger;
    ledger.open(extent_of(0, 0, 10));
    ledger.open(extent_of(1, 10, 20));
    ledger.finish({1});
    EXPECT_DEATH(ledger.finish({1}), "finished");
    EXPECT_DEATH(ledger.finish({2}), "seq");
}

TEST(LedgerDeathTest, ExtentsFollowOneAnotherWithoutAHole) {
    Ledger ledger;
    ledger.open(extent_of(0, 0, 10));
    EXPECT_DEATH(ledger.open(extent_of(1, 11, 20)), "begin");
    EXPECT_DEATH(ledger.open(extent_of(2, 10, 20)), "seq");
}

TEST(LedgerModel, WatermarkIsTheEndOfTheLongestFinishedPrefixForAnyOrderOfAcks) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        Ledger ledger;
        std::vector<std::uint64_t> ends;        // of all extents that were opened
        std::vector<bool> finished;             // of each
        std::vector<std::uint64_t> unfinished;  // their numbers
        std::uint64_t watermark = 0;
        const auto open_one = [&] {
            const std::uint64_t begin = ends.empty() ? 0 : ends.back();
            const auto end = begin + 1 + (random() % 100);
            unfinished.push_back(ends.size());
            ledger.open(extent_of(ends.size(), begin, end));
            ends.push_back(end);
            finished.push_back(false);
        };
        const auto finish_one = [&] {
            std::swap(unfinished[random() % unfinished.size()], unfinished.back());
            const auto seq = unfinished.back();
            unfinished.pop_back();
            finished[seq] = true;
            const auto prefix = static_cast<std::size_t>(std::ranges::find(finished, false) - finished.begin());
            const std::uint64_t expected = prefix == 0 ? 0 : ends[prefix - 1];

            const auto moved = ledger.finish({seq});
            ASSERT_EQ(moved.has_value(), expected > watermark);
            if (moved) {
                ASSERT_EQ(*moved, at(expected));
                ASSERT_GT(moved->to.offset.value, watermark) << "it never goes back";
                watermark = expected;
            }
            ASSERT_EQ(ledger.size(), ends.size() - prefix);
        };
        for (int step = 0; step < 200; ++step) {
            if (unfinished.empty() || random() % 2 == 0)
                open_one();
            else
                finish_one();
            if (testing::Test::HasFatalFailure()) return;
        }
        while (!unfinished.empty()) {
            finish_one();
            if (testing::Test::HasFatalFailure()) return;
        }
        EXPECT_EQ(watermark, ends.back());
        EXPECT_TRUE(ledger.empty());
    }
}

}  // namespace
}  // namespace agent::acknowledge
