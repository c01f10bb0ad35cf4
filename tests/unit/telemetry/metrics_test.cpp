#include "common/telemetry/metrics.h"

#include <cmath>
#include <thread>

#include <gmock/gmock.h>

namespace telemetry {
namespace {

using testing::HasSubstr;

TEST(Registry, TheSameNameAndLabelsAreTheSameMetric) {
    Registry registry;
    registry.counter("lines", "Lines.", {{"pipeline", "a"}}).add(2);
    registry.counter("lines", "Other help.", {{"pipeline", "a"}}).add(3);
    registry.counter("lines", "", {{"pipeline", "b"}}).add();
    EXPECT_EQ(registry.counter("lines", "", {{"pipeline", "a"}}).value(), 5U);
}

TEST(Registry, FamiliesAreSortedAndEachHasItsHelpAndTypeOnce) {
    Registry registry;
    registry.counter("z_total", "Last.", {}).add(7);
    registry.gauge("open", "Open files.", {{"pipeline", "b"}}).set(-3);
    registry.gauge("open", "Open files.", {{"pipeline", "a"}, {"sink", "kafka"}}).set(4);
    EXPECT_EQ(registry.prometheus_text(),
              "# HELP open Open files.\n"
              "# TYPE open gauge\n"
              "open{pipeline=\"a\",sink=\"kafka\"} 4\n"
              "open{pipeline=\"b\"} -3\n"
              "# HELP z_total Last.\n"
              "# TYPE z_total counter\n"
              "z_total 7\n");
}

TEST(Registry, QuotesBackslashesAndLineEndingsAreEscaped) {
    Registry registry;
    registry.counter("c", "two\nlines \\ \"q\"", {{"l", "a\"b\\c\nd"}});
    EXPECT_EQ(registry.prometheus_text(),
              "# HELP c two\\nlines \\\\ \"q\"\n"
              "# TYPE c counter\n"
              "c{l=\"a\\\"b\\\\c\\nd\"} 0\n");
}

TEST(Registry, NothingRegisteredIsAnEmptyText) {
    EXPECT_EQ(Registry().prometheus_text(), "");
}

TEST(Registry, CountsFromManyThreadsAddUp) {
    Registry registry;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) registry.counter("c", "", {}).add();
            });
        }
        for (int i = 0; i < 10; ++i) (void)registry.prometheus_text();
    }
    EXPECT_EQ(registry.counter("c", "", {}).value(), 4000U);
}

TEST(RegistryDeathTest, OneNameWithTwoTypesIsOurOwnFault) {
    Registry registry;
    registry.counter("c", "", {});
    EXPECT_DEATH(registry.gauge("c", "", {}), "assertion failed");
}

TEST(Histogram, BucketsAreCumulativeAndABoundBelongsToItsBucket) {
    Registry registry;
    auto& histogram = registry.histogram("seconds", "Delay.", {{"pipeline", "a"}});
    histogram.observe(0.001);
    histogram.observe(0.002, 2);
    histogram.observe(300);
    histogram.observe(1000);
    const auto text = registry.prometheus_text();
    EXPECT_THAT(text, HasSubstr("# TYPE seconds histogram\n"
                                "seconds_bucket{pipeline=\"a\",le=\"0.001\"} 1\n"
                                "seconds_bucket{pipeline=\"a\",le=\"0.0025\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("seconds_bucket{pipeline=\"a\",le=\"60\"} 3\n"
                                "seconds_bucket{pipeline=\"a\",le=\"300\"} 4\n"
                                "seconds_bucket{pipeline=\"a\",le=\"+Inf\"} 5\n"
                                "seconds_sum{pipeline=\"a\"} 1300.005\n"
                                "seconds_count{pipeline=\"a\"} 5\n"));
}

TEST(Histogram, AClockThatWentBackCountsAsNoTimeAtAll) {
    Histogram histogram;
    histogram.observe(-5);
    histogram.observe(std::nan(""));
    EXPECT_EQ(histogram.bucket(0), 2U);
    EXPECT_EQ(histogram.sum_seconds(), 0);
}

}  // namespace
}  // namespace telemetry
