#include "agent/pipeline/tap.h"

#include <gmock/gmock.h>

#include "agent/split/splitter.h"

namespace agent::pipeline {
namespace {

using namespace std::chrono_literals;

struct TapTest : testing::Test {
    void look(const std::string& lines) {
        model::Extent extent;
        extent.begin = {100};
        extent.end = extent.begin + lines.size();
        extent.bytes = lines;
        split::split_lines(extent, {});
        tap.look(extent, "/a.log");
    }
    Tap tap;
    std::chrono::steady_clock::time_point now;
};

TEST_F(TapTest, ShowsEachRecordOnceAsALineOfJson) {
    look("a\n\"b\"\xFF\n");
    EXPECT_EQ(tap.fetch(now), R"({"path":"/a.log","offset":100,"record":"a"})"
                              "\n"
                              R"({"path":"/a.log","offset":102,"record":"\"b\")"
                              "\xEF\xBF\xBD\"}\n");
    EXPECT_EQ(tap.fetch(now), "");
}

TEST_F(TapTest, KeepsNoMoreThanItHasRoomFor) {
    std::string lines;
    for (std::size_t i = 0; i < 2 * Tap::kRecordsMax; ++i) lines += "x\n";
    look(lines);
    look("late\n");
    const auto shown = tap.fetch(now);
    EXPECT_EQ(std::ranges::count(shown, '\n'), static_cast<std::ptrdiff_t>(Tap::kRecordsMax));
    look("next\n");
    EXPECT_THAT(tap.fetch(now), testing::HasSubstr("next"));
}

TEST_F(TapTest, CutsAHugeRecordOffAndSaysSo) {
    look(std::string(Tap::kRecordBytesMax, 'x') + "\n" + std::string(Tap::kRecordBytesMax + 1, 'y') + "\n");
    const auto shown = tap.fetch(now);
    EXPECT_THAT(shown, testing::EndsWith("y\",\"cut\":true}\n"));
    EXPECT_THAT(shown, testing::HasSubstr("x\"}\n"));
}

TEST_F(TapTest, IsForgottenWhenNobodyFetches) {
    (void)tap.fetch(now);
    EXPECT_FALSE(tap.is_forgotten(now + 5s));
    EXPECT_TRUE(tap.is_forgotten(now + 5001ms));
}

}  // namespace
}  // namespace agent::pipeline
