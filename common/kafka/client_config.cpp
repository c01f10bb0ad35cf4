#include "common/kafka/client_config.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/ranges.h>
#include <librdkafka/rdkafka.h>

namespace kafka {

namespace {

struct Setting {
    const char* name;
    const char* value;
};

// What nobody may change: at least once stands on it.
constexpr std::array<Setting, 3> kGuarantee = {{
    {"enable.idempotence", "true"},
    {"acks", "-1"},
    {"message.timeout.ms", "0"},  // librdkafka never gives a record up; we decide
}};

constexpr const char* kMessageBytesMax = "1048588";  // what a broker takes by default

// What a user may change.
constexpr std::array<Setting, 8> kDefaults = {{
    {"client.id", "venus-agent"},
    {"compression.type", "lz4"},
    {"log.queue", "true"},  // librdkafka's own log lines become events, not lines on stderr
    {"message.max.bytes", kMessageBytesMax},
    {"batch.num.messages", "100000"},              // batch.size alone limits a batch: short lines fill it too
    {"queue.buffering.max.messages", "10000000"},  // the memory budget is the limit, not these
    {"queue.buffering.max.kbytes", "2097151"},
    {"socket.keepalive.enable", "true"},
}};

// Other names of the same, and what is set elsewhere.
struct Refusal {
    std::string_view name;
    std::string_view why;
};
constexpr std::array<Refusal, 6> kRefused = {{
    {"bootstrap.servers", "belongs into `brokers` of the cluster"},
    {"metadata.broker.list", "belongs into `brokers` of the cluster"},
    {"transactional.id", "is set by the agent itself (use delivery)"},
    {"delivery.timeout.ms", "would give records up (leave it out: the agent retries for ever)"},
    {"enable.gapless.guarantee", "would stop the producer for good after one rejected record (leave it out)"},
    {"statistics.interval.ms", "is not used (the agent has its own metrics)"},
}};

bool same_setting(std::string_view name, std::string_view value, const Setting& wanted) {
    if (value == wanted.value) return true;
    return name == "acks" && value == "all";
}

// "request.required.acks" is librdkafka's other name of "acks".
std::string_view canonical(std::string_view name) {
    return name == "request.required.acks" ? "acks" : name;
}

std::string get(const rd_kafka_conf_t* conf, const char* name) {
    std::array<char, 256> value{};
    std::size_t size = value.size();
    if (rd_kafka_conf_get(conf, name, value.data(), &size) != RD_KAFKA_CONF_OK) return {};
    return value.data();
}

}  // namespace

void ConfDeleter::operator()(rd_kafka_conf_t* conf) const {
    rd_kafka_conf_destroy(conf);
}

std::optional<std::string> check_property(const std::string& name, const std::string& value) {
    for (const auto& refusal : kRefused)
        if (refusal.name == name) return std::string(refusal.why);
    for (const auto& wanted : kGuarantee)
        if (canonical(name) == wanted.name && !same_setting(wanted.name, value, wanted))
            return fmt::format("\"{}\" would lose lines (the agent needs {} = {}: leave it out)", value, wanted.name,
                               wanted.value);

    const ConfPtr conf(rd_kafka_conf_new());
    std::array<char, 512> why{};
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
        return fmt::format("librdkafka refuses it: {}", why.data());
    return std::nullopt;
}

std::uint64_t record_bytes_max(const config::ClusterConfig& cluster) {
    constexpr std::uint64_t kBatchOverhead = 588;
    const auto set = cluster.properties.find("message.max.bytes");
    const char* text = set == cluster.properties.end() ? kMessageBytesMax : set->second.c_str();
    const std::uint64_t message_bytes_max = std::strtoull(text, nullptr, 10);  // check_property has seen it
    return message_bytes_max - std::min(message_bytes_max / 2, kBatchOverhead);
}

base::Result<ConfPtr> producer_conf(const config::ClusterConfig& cluster) {
    ConfPtr conf(rd_kafka_conf_new());
    std::array<char, 512> why{};
    const auto set = [&](const char* name, const char* value) {
        return rd_kafka_conf_set(conf.get(), name, value, why.data(), why.size()) == RD_KAFKA_CONF_OK;
    };
    for (const auto& setting : kDefaults)
        if (!set(setting.name, setting.value)) return base::fail("cannot set {}: {}", setting.name, why.data());
    for (const auto& [name, value] : cluster.properties) {
        if (auto refusal = check_property(name, value))
            return base::fail("cannot use property {} of cluster {}: {}", name, cluster.name, *refusal);
        if (!set(name.c_str(), value.c_str())) return base::fail("cannot set {}: {}", name, why.data());
    }
    for (const auto& setting : kGuarantee)
        if (!set(setting.name, setting.value)) return base::fail("cannot set {}: {}", setting.name, why.data());
    const auto brokers = fmt::format("{}", fmt::join(cluster.brokers, ","));
    if (!set("bootstrap.servers", brokers.c_str()))
        return base::fail("cannot use brokers \"{}\" of cluster {}: {}", brokers, cluster.name, why.data());
    return conf;
}

base::Result<void> verify_guarantee(const rd_kafka_t* producer) {
    // rd_kafka_conf() wants a mutable handle but only returns a pointer into it.
    const rd_kafka_conf_t* conf = rd_kafka_conf(const_cast<rd_kafka_t*>(producer));
    for (const auto& wanted : kGuarantee) {
        const auto value = get(conf, wanted.name);
        if (!same_setting(wanted.name, value, wanted))
            return base::fail("cannot trust this producer: {} is \"{}\" in effect, not {}", wanted.name, value,
                              wanted.value);
    }
    return {};
}

}  // namespace kafka
