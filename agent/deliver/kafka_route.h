// A tail's way to Kafka, and what is on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/deliver/kafka_cluster.h"
#include "agent/deliver/sink.h"

namespace agent::deliver {

struct KafkaRoute;

// Records of one extent that go to one partition. The extent is let go of: it comes back with its last delivery.
struct KafkaPortion {
    static constexpr int kAnyPartition = -1;  // that has room

    model::Extent* extent;
    KafkaRoute* route;
    KafkaTopic* topic;
    int partition;
    std::vector<model::Record> records;
    std::vector<std::uint32_t> places = {};  // of these in the extent's texts; empty: they are all that it has

    std::size_t place(std::size_t record) const { return places.empty() ? record : places[record]; }
};

struct KafkaRoute : Route {
    bool batches() const override { return true; }

    FileContext file;
    KafkaTopic* topic = nullptr;  // null: records name theirs
    std::string key;              // empty where records have their own
    std::vector<std::string> header_values;
    std::size_t header_bytes = 0;  // of a record, about
    int partition = -1;            // chosen when ready() was asked last

    // Where records decide.
    std::size_t waiting = 0;                                // extents, of which something is still to be sent
    std::uint32_t times_let_go = 0;                         // what began to wait before the last time comes back
    KafkaTopic* held_by = nullptr;                          // it is missing: nothing is read until it is there
    std::vector<std::pair<KafkaTopic*, int>> lanes;         // that the last extent joined
    std::unordered_map<const KafkaTopic*, int> partitions;  // with Partition::file: once chosen, they are kept
};

}  // namespace agent::deliver
