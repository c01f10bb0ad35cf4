#include "agent/model/fingerprint.h"

#include <string>

#include <gtest/gtest.h>

namespace agent::model {
namespace {

TEST(Fingerprint, OfNothingMatchesNothingOnly) {
    EXPECT_EQ(Fingerprint::of(""), Fingerprint{});
    EXPECT_TRUE(Fingerprint{}.matches(""));
    EXPECT_FALSE(Fingerprint{}.matches("a"));
}

TEST(Fingerprint, MatchesExactlyTheBytesItWasMadeOf) {
    const std::string bytes = "2026-11-21 first line\n";
    const auto fingerprint = Fingerprint::of(bytes);
    EXPECT_EQ(fingerprint.length, bytes.size());
    EXPECT_TRUE(fingerprint.matches(bytes));
    EXPECT_FALSE(fingerprint.matches(bytes.substr(1)));
    EXPECT_FALSE(fingerprint.matches(bytes + "x"));
}

TEST(Fingerprint, NoticesEveryFlippedBit) {
    const std::string bytes(Fingerprint::kBytesMax, 'x');
    const auto fingerprint = Fingerprint::of(bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        ASSERT_FALSE(fingerprint.matches(flipped)) << "bit " << bit;
    }
}

TEST(FingerprintDeathTest, RefusesMoreThanItsLimit) {
    EXPECT_DEATH((void)Fingerprint::of(std::string(Fingerprint::kBytesMax + 1, 'x')), "kBytesMax");
}

}  // namespace
}  // namespace agent::model
