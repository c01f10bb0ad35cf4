// Which partition of a topic records go to.
#pragma once

#include <string_view>

#include "agent/deliver/kafka_cluster.h"

namespace agent::deliver {

// As Java's producer chooses it, so that keys meet in the same partition.
int partition_of_key(std::string_view key, int partitions);

// By which a file's records stay together and in order.
int partition_of_file(std::string_view file_id, int partitions);

// One partition until its batch is full or on its way, then the next.
int sticky_partition(const KafkaCluster& cluster, KafkaTopic& topic);

}  // namespace agent::deliver
