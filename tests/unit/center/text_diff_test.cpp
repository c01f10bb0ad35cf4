#include "center/model/text_diff.h"

#include <random>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>

namespace center::model {
namespace {

TEST(TextDiff, OfEqualTextsIsEmpty) {
    EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n", "x", "y"), "");
    EXPECT_EQ(unified_diff("", "", "x", "y"), "");
}

TEST(TextDiff, ShowsChangedLinesWithThreeAround) {
    EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "old", "new"),
              "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(TextDiff, OfWhatIsNewAndWhatIsGone) {
    EXPECT_EQ(unified_diff("", "a\n", "old", "new"), "--- old\n+++ new\n@@ -0,0 +1,1 @@\n+a\n");
    EXPECT_EQ(unified_diff("a\n", "", "old", "new"), "--- old\n+++ new\n@@ -1,1 +0,0 @@\n-a\n");
}

TEST(TextDiff, FarChangesAreHunksOfTheirOwn) {
    std::string from;
    for (int i = 0; i < 40; ++i) from += std::to_string(i) + "\n";
    auto to = "first\n" + from + "last\n";
    const auto diff = unified_diff(from, to, "a", "b");
    EXPECT_THAT(diff, testing::HasSubstr("@@ -1,3 +1,4 @@\n+first\n"));
    EXPECT_THAT(diff, testing::HasSubstr("@@ -38,3 +39,4 @@\n"));
}

// What has no sign or a minus is the old text, what has no sign or a plus the new one.
TEST(TextDiffModel, WithAllContextItHoldsBothTexts) {
    std::mt19937 random(7);
    for (int round = 0; round < 500; ++round) {
        const auto text = [&] {
            std::string lines;
            for (auto n = random() % 6; n > 0; --n)
                lines += std::string(1, static_cast<char>('a' + random() % 3)) + "\n";
            return lines;
        };
        const auto from = text();
        const auto to = text();
        std::istringstream diff(unified_diff(from, to, "x", "y"));
        if (from == to) continue;
        std::string old_text;
        std::string new_text;
        std::string line;
        for (int number = 0; std::getline(diff, line); ++number) {
            if (number < 2 || line.starts_with("@@")) continue;
            if (line[0] != '+') old_text += line.substr(1) + "\n";
            if (line[0] != '-') new_text += line.substr(1) + "\n";
        }
        ASSERT_TRUE(from.find(old_text) != std::string::npos && to.find(new_text) != std::string::npos)
            << from << "|" << to << "|" << diff.str();
    }
}

}  // namespace
}  // namespace center::model
