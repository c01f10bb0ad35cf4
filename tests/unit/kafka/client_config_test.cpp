#include "common/kafka/client_config.h"

#include <array>
#include <memory>

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

#include "tests/unit/support/librdkafka_threads.h"

namespace kafka {
namespace {

using testing::HasSubstr;
using testing::Optional;

std::string value_of(const rd_kafka_conf_t* conf, const char* name) {
    std::array<char, 512> value{};
    std::size_t size = value.size();
    EXPECT_EQ(rd_kafka_conf_get(conf, name, value.data(), &size), RD_KAFKA_CONF_OK) << name;
    return value.data();
}

config::ClusterConfig cluster_with(std::map<std::string, std::string> properties) {
    return {.name = "main", .brokers = {"127.0.0.1:1", "127.0.0.1:2"}, .properties = std::move(properties)};
}

struct ProducerDeleter {
    void operator()(rd_kafka_t* producer) const { rd_kafka_destroy(producer); }
};
using ProducerPtr = std::unique_ptr<rd_kafka_t, ProducerDeleter>;

ProducerPtr producer_of(ConfPtr conf) {
    std::array<char, 512> why{};
    auto* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why.data(), why.size());
    EXPECT_NE(producer, nullptr) << why.data();
    if (producer) (void)conf.release();  // NOLINT(bugprone-unused-return-value): it is the producer's now
    return ProducerPtr(producer);
}

TEST(CheckProperty, RefusesWhatWouldLoseLines) {
    for (const auto& [name, value] :
         {std::pair("acks", "1"), std::pair("acks", "0"), std::pair("request.required.acks", "1"),
          std::pair("enable.idempotence", "false"), std::pair("message.timeout.ms", "5000")})
        EXPECT_THAT(check_property(name, value), Optional(HasSubstr("would lose lines"))) << name;
    EXPECT_THAT(check_property("delivery.timeout.ms", "5000"), Optional(HasSubstr("retries for ever")));
    EXPECT_TRUE(check_property("delivery.timeout.ms", "0"));
    EXPECT_TRUE(check_property("enable.gapless.guarantee", "true"));
    EXPECT_TRUE(check_property("transactional.id", "x"));
    EXPECT_THAT(check_property("bootstrap.servers", "x:1"), Optional(HasSubstr("brokers")));
}

TEST(CheckProperty, TakesTheGuaranteeItselfUnderItsNames) {
    EXPECT_EQ(check_property("acks", "all"), std::nullopt);
    EXPECT_EQ(check_property("acks", "-1"), std::nullopt);
    EXPECT_EQ(check_property("request.required.acks", "all"), std::nullopt);
    EXPECT_EQ(check_property("enable.idempotence", "true"), std::nullopt);
    EXPECT_EQ(check_property("message.timeout.ms", "0"), std::nullopt);
}

TEST(CheckProperty, TakesWhatAUserMayChange) {
    for (const auto& [name, value] : {std::pair("compression.codec", "zstd"), std::pair("linger.ms", "50"),
                                      std::pair("batch.size", "500000"), std::pair("client.id", "me")})
        EXPECT_EQ(check_property(name, value), std::nullopt) << name;
}

TEST(CheckProperty, PassesOnWhatLibrdkafkaSays) {
    EXPECT_THAT(check_property("no.such.property", "1"), Optional(HasSubstr("no.such.property")));
    EXPECT_THAT(check_property("linger.ms", "soon"), Optional(HasSubstr("queue.buffering.max.ms"))) << "its other name";
    EXPECT_TRUE(check_property("compression.codec", "rar"));
    EXPECT_TRUE(check_property("", ""));
}

TEST(ProducerConf, HasTheGuaranteeTheDefaultsAndTheBrokers) {
    const auto conf = producer_conf(cluster_with({}));
    ASSERT_TRUE(conf) << conf.error().message;
    EXPECT_EQ(value_of(conf->get(), "enable.idempotence"), "true");
    EXPECT_EQ(value_of(conf->get(), "acks"), "-1");
    EXPECT_EQ(value_of(conf->get(), "message.timeout.ms"), "0");
    EXPECT_EQ(value_of(conf->get(), "compression.type"), "lz4");
    EXPECT_EQ(value_of(conf->get(), "bootstrap.servers"), "127.0.0.1:1,127.0.0.1:2");
}

TEST(ProducerConf, TheUsersPropertiesComeBeforeTheDefaults) {
    const auto conf =
        producer_conf(cluster_with({{"compression.type", "zstd"}, {"linger.ms", "100"}, {"acks", "all"}}));
    ASSERT_TRUE(conf);
    EXPECT_EQ(value_of(conf->get(), "compression.type"), "zstd");
    EXPECT_EQ(value_of(conf->get(), "linger.ms"), "100");
    EXPECT_EQ(value_of(conf->get(), "acks"), "-1");
}

TEST(ProducerConf, RefusesWhatCheckPropertyRefusesAndNamesIt) {
    const auto conf = producer_conf(cluster_with({{"acks", "1"}}));
    ASSERT_FALSE(conf);
    EXPECT_THAT(conf.error().message, HasSubstr("property acks of cluster main"));
}

TEST(VerifyGuarantee, TrustsAProducerOfOurs) {
    SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA();
    auto conf = producer_conf(cluster_with({}));
    ASSERT_TRUE(conf);
    const auto producer = producer_of(std::move(*conf));
    const auto verified = verify_guarantee(producer.get());
    EXPECT_TRUE(verified) << verified.error().message;
}

TEST(VerifyGuarantee, DoesNotTrustAProducerWhoseSettingsWereLost) {
    SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA();
    for (const auto& [name, value] :
         {std::pair("message.timeout.ms", "300000"), std::pair("enable.idempotence", "false")}) {
        auto conf = producer_conf(cluster_with({}));
        ASSERT_TRUE(conf);
        ASSERT_EQ(rd_kafka_conf_set(conf->get(), name, value, nullptr, 0), RD_KAFKA_CONF_OK);
        const auto producer = producer_of(std::move(*conf));
        const auto verified = verify_guarantee(producer.get());
        ASSERT_FALSE(verified) << name;
        EXPECT_THAT(verified.error().message, HasSubstr(name));
    }
}

// A default topic conf that is set beside them throws away what was set on the global one.
TEST(VerifyGuarantee, DoesNotTrustAProducerWithATopicConfOfItsOwn) {
    SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA();
    auto conf = producer_conf(cluster_with({}));
    ASSERT_TRUE(conf);
    rd_kafka_conf_set_default_topic_conf(conf->get(), rd_kafka_topic_conf_new());
    const auto producer = producer_of(std::move(*conf));
    EXPECT_FALSE(verify_guarantee(producer.get()));
}

}  // namespace
}  // namespace kafka
