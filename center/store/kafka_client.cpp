#include "center/store/kafka_client.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>

namespace center::store {

namespace {

struct ConfDeleter {
    void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

// What the store stands on.
constexpr std::array<std::string_view, 19> kOurs = {"acks",
                                                    "auto.commit.enable",
                                                    "delivery.timeout.ms",
                                                    "enable.auto.commit",
                                                    "enable.idempotence",
                                                    "enable.partition.eof",
                                                    "group.id",
                                                    "group.instance.id",
                                                    "heartbeat.interval.ms",
                                                    "isolation.level",
                                                    "max.poll.interval.ms",
                                                    "message.max.bytes",
                                                    "message.timeout.ms",
                                                    "partition.assignment.strategy",
                                                    "request.required.acks",
                                                    "session.timeout.ms",
                                                    "topic.blacklist",
                                                    "transaction.timeout.ms",
                                                    "transactional.id"};
// What a user may change.
constexpr std::array<std::pair<const char*, const char*>, 2> kDefaults = {{
    {"client.id", "venus-center"}, {"reconnect.backoff.max.ms", "2000"},  // changes wait for brokers that are back
}};
constexpr std::array<std::string_view, 2> kBrokers = {"bootstrap.servers", "metadata.broker.list"};

base::Result<void> set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
    std::array<char, 512> why{};
    if (rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
        return base::fail("cannot set {}: {}", name, why.data());
    return {};
}

}  // namespace

std::optional<std::string> check_store_property(const std::string& name, const std::string& value) {
    if (std::ranges::find(kBrokers, name) != kBrokers.end()) return "belongs into `brokers`";
    if (std::ranges::find(kOurs, name) != kOurs.end()) return "is set by the center itself (leave it out)";
    const Conf conf(rd_kafka_conf_new());
    std::array<char, 512> why{};
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
        return fmt::format("librdkafka refuses it: {}", why.data());
    return std::nullopt;
}

base::Result<Handle> make_client(const KafkaStoreConfig& config, const ClientNeeds& needs) {
    Conf conf(rd_kafka_conf_new());
    if (auto done = set(conf.get(), "bootstrap.servers", fmt::format("{}", fmt::join(config.brokers, ","))); !done)
        return std::unexpected(done.error());
    for (const auto& [name, value] : kDefaults)
        if (auto done = set(conf.get(), name, value); !done) return std::unexpected(done.error());
    for (const auto& [name, value] : config.properties)
        if (auto done = set(conf.get(), name.c_str(), value); !done) return std::unexpected(done.error());
    for (const auto& [name, value] : needs.settings)
        if (auto done = set(conf.get(), name, value); !done) return std::unexpected(done.error());
    rd_kafka_conf_set_log_cb(conf.get(), nullptr);  // what matters comes as an error, too
    if (needs.on_rebalance) rd_kafka_conf_set_rebalance_cb(conf.get(), needs.on_rebalance);
    if (needs.on_error) rd_kafka_conf_set_error_cb(conf.get(), needs.on_error);
    rd_kafka_conf_set_opaque(conf.get(), needs.opaque);
    std::array<char, 512> why{};
    Handle handle(rd_kafka_new(needs.type, conf.get(), why.data(), why.size()));
    if (!handle) return base::fail("{}", why.data());
    (void)conf.release();  // it is the handle's now
    return handle;
}

}  // namespace center::store
