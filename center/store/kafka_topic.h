// The topic of a store: one partition, compacted. For .cpp files of this folder.
#pragma once

#include <chrono>
#include <expected>
#include <string>

#include "center/store/kafka_client.h"

namespace center::store {

struct TopicTrouble {
    std::string why;
    bool is_for_good = false;  // trying again does not help
};

// That it is there and loses nothing that counts; made if it is missing, on three brokers where there are so many.
// Blocks, for some `patience` at most.
std::expected<void, TopicTrouble> ensure_topic(rd_kafka_t* client, const std::string& topic,
                                               std::chrono::milliseconds patience);

}  // namespace center::store
