#include "agent/deliver/kafka_producer.h"

#include <array>
#include <chrono>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>

#include "tests/unit/support/librdkafka_threads.h"

namespace agent::deliver {
namespace {

using namespace std::chrono_literals;

config::ClusterConfig cluster_with(std::map<std::string, std::string> properties) {
    return {.name = "main", .brokers = {"127.0.0.1:1"}, .properties = std::move(properties)};
}

// librdkafka tells when its queue is no longer empty; what came before anybody watched, it never tells.
TEST(KafkaProducer, WantsToBeLookedAtAtOnceForWhatCameBeforeAnybodyWatched) {
    SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA();
    const auto producer = KafkaProducer::create(cluster_with({}));
    ASSERT_TRUE(producer) << producer.error().message;
    pollfd events{.fd = (*producer)->events_fd(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&events, 1, 0), 1);
}

TEST(KafkaProducer, LeavesLingeringToTheLanes) {
    SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA();
    const auto producer = KafkaProducer::create(cluster_with({{"linger.ms", "250"}, {"batch.size", "50000"}}));
    ASSERT_TRUE(producer) << producer.error().message;
    EXPECT_EQ((*producer)->lane_limits().linger, 250ms);
    EXPECT_EQ((*producer)->lane_limits().batch_bytes_max, 50'000U);
    std::array<char, 64> told{};
    std::size_t size = told.size();
    ASSERT_EQ(rd_kafka_conf_get(rd_kafka_conf((*producer)->handle()), "linger.ms", told.data(), &size),
              RD_KAFKA_CONF_OK);
    EXPECT_LE(std::stod(told.data()), 1.0);
}

TEST(KafkaProducer, HasNoBatchesLargerThanAMessageMayBe) {
    SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA();
    const auto producer =
        KafkaProducer::create(cluster_with({{"batch.size", "5000000"}, {"message.max.bytes", "60000"}}));
    ASSERT_TRUE(producer) << producer.error().message;
    EXPECT_EQ((*producer)->lane_limits().batch_bytes_max, 60'000U);
}

}  // namespace
}  // namespace agent::deliver
