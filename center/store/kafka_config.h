#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace center::store {

// A store on Kafka: one topic, which also names the group and the transactions of those who use it.
struct KafkaStoreConfig {
    std::vector<std::string> brokers;
    std::string topic;
    std::map<std::string, std::string> properties;  // of librdkafka
};

// Why `value` cannot be used for librdkafka's property `name`; nothing: it can.
std::optional<std::string> check_store_property(const std::string& name, const std::string& value);

}  // namespace center::store
