#include "agent/model/generation.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace agent::model {
namespace {

using testing::ElementsAreArray;

TEST(Generation, IsWhatRotationAddsToAName) {
    for (const auto* name : {"/l/app.log", "/l/app.log.1", "/l/app.log.10", "/l/app.log-20260101",
                             "/l/app.log-20260101-1735", "/l/app.log.2026-01-02", "/l/app.log.20260101"})
        EXPECT_EQ(without_generation(name), "/l/app.log") << name;
    for (const auto* name : {"00001.log", "worker-1.log", "worker-1", "1", "", ".1x", "app-2026.log", "app.log.123456",
                             "app.log.gz", "20260101", "-", "app-"})
        EXPECT_EQ(without_generation(name), name);
}

TEST(Generation, TheOldestComesFirst) {
    const std::vector<std::string> in_order{
        "a.log-20251231", "a.log-20260101", "a.log-20260101-12", "a.log.10", "a.log.9", "a.log.2",
        "a.log.1",        "a.log",          "b.log.1",           "b.log",    "c",       "c.log.20260101",
        "c.log"};
    auto names = in_order;
    std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): the same each time
    for (int i = 0; i < 20; ++i) {
        std::ranges::shuffle(names, random);
        std::ranges::sort(names, is_older_generation);
        EXPECT_THAT(names, ElementsAreArray(in_order));
    }
}

}  // namespace
}  // namespace agent::model
