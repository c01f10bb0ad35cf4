#include "agent/admin/latency.h"

#include <limits>

#include <gmock/gmock.h>

namespace agent::admin {
namespace {

using testing::DoubleNear;
using testing::Optional;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Latency, IsReadFromTheMetricsByPipeline) {
    const auto all = read_latencies(
        "# TYPE venus_agent_delivery_seconds histogram\n"
        "venus_agent_delivery_seconds_bucket{pipeline=\"p\",sink=\"kafka\",le=\"0.001\"} 3\n"
        "venus_agent_delivery_seconds_bucket{pipeline=\"p\",sink=\"kafka\",le=\"+Inf\"} 5\n"
        "venus_agent_delivery_seconds_bucket{pipeline=\"q\",sink=\"file\",le=\"+Inf\"} 7\n"
        "venus_agent_delivery_seconds_count{pipeline=\"p\",sink=\"kafka\"} 5\n"
        "venus_agent_lines_read_total{pipeline=\"p\"} 9\n");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all.at("p").counts, (std::map<double, double>{{0.001, 3}, {kInfinity, 5}}));
    EXPECT_EQ(all.at("q").counts, (std::map<double, double>{{kInfinity, 7}}));
}

TEST(Latency, WhatIsNoHistogramIsPassedOver) {
    EXPECT_TRUE(read_latencies("").empty());
    EXPECT_TRUE(read_latencies("venus_agent_delivery_seconds_bucket{le=\"0.1\"").empty());
    EXPECT_TRUE(read_latencies("venus_agent_delivery_seconds_bucket{pipeline=\"p\",le=\"x\"} 3\n").empty());
    EXPECT_TRUE(read_latencies("venus_agent_delivery_seconds_bucket{pipeline=\"p\",le=\"1\"} many").empty());
}

TEST(Latency, QuantilesAreOfWhatCameBetweenTwoLooks) {
    const Latencies before{{{0.1, 1000}, {1, 1000}, {kInfinity, 1000}}};
    const Latencies now{{{0.1, 1050}, {1, 1090}, {kInfinity, 1100}}};
    EXPECT_THAT(quantile_between(before, now, 0.25), Optional(DoubleNear(0.05, 1e-9)));
    EXPECT_THAT(quantile_between(before, now, 0.5), Optional(DoubleNear(0.1, 1e-9)));
    EXPECT_THAT(quantile_between(before, now, 0.7), Optional(DoubleNear(0.55, 1e-9)));
    EXPECT_THAT(quantile_between(before, now, 0.99), Optional(1.0));  // beyond the last bound: that bound
}

TEST(Latency, HasNoQuantileWhereNothingCame) {
    const Latencies same{{{0.1, 10}, {kInfinity, 10}}};
    EXPECT_EQ(quantile_between(same, same, 0.5), std::nullopt);
    EXPECT_EQ(quantile_between({}, {}, 0.5), std::nullopt);
    EXPECT_THAT(quantile_between({}, same, 0.5), Optional(DoubleNear(0.05, 1e-9)));
}

}  // namespace
}  // namespace agent::admin
