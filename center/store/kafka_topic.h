// The topic of a store: one partition, compacted. For .cpp files of this folder.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

#include "center/store/kafka_client.h"

namespace center::store {

struct TopicTrouble {
    std::string why;
    bool is_for_good = false;  // trying again does not help
};

constexpr std::size_t kRecordBytesMax = 1'000'000;  // of the store's; librdkafka's default
constexpr std::size_t kTopicRecordBytesMin = 512
                                             << 10;  // a topic must take a document of 256 KiB and what is around it

enum class TopicWas : std::uint8_t { there, made };

// That it is there and loses nothing that counts; made if it is missing, on three brokers where there are so many.
// Blocks, for some `patience` at most.
std::expected<TopicWas, TopicTrouble> ensure_topic(rd_kafka_t* client, const std::string& topic,
                                                   std::chrono::milliseconds patience);

}  // namespace center::store
