// librdkafka's handles, as the store on Kafka and the lead of it use them. For .cpp files of this folder.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "center/store/kafka_config.h"
#include "common/base/result.h"

namespace center::store {

struct HandleDeleter {
    void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, HandleDeleter>;

struct TopicDeleter {
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, TopicDeleter>;

struct MessageDeleter {
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

struct ErrorDeleter {
    void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
using KafkaError = std::unique_ptr<rd_kafka_error_t, ErrorDeleter>;  // null: none

// Called by librdkafka when who of a group reads what changes; `opaque` is the one that the handle was made with.
using OnRebalance = void (*)(rd_kafka_t* handle, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions,
                             void* opaque);

// Why a connection or a request failed, from within a poll.
using OnError = void (*)(rd_kafka_t* handle, int error, const char* why, void* opaque);

struct ClientNeeds {
    rd_kafka_type_t type;
    std::vector<std::pair<const char*, std::string>> settings;  // beside brokers and the user's properties
    OnRebalance on_rebalance = nullptr;
    OnError on_error = nullptr;
    void* opaque = nullptr;
};

// Errors: properties that do not go together.
base::Result<Handle> make_client(const KafkaStoreConfig& config, const ClientNeeds& needs);

inline std::string text_of(const KafkaError& error) {
    return rd_kafka_error_string(error.get());
}

}  // namespace center::store
