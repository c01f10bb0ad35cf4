#include "agent/deliver/kafka_partitioner.h"

#include <librdkafka/rdkafka.h>
#include <xxhash.h>

namespace agent::deliver {

int partition_of_key(std::string_view key, int partitions) {
    return rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), partitions, nullptr, nullptr);
}

int partition_of_file(std::string_view file_id, int partitions) {
    return static_cast<int>(XXH3_64bits(file_id.data(), file_id.size()) % static_cast<unsigned>(partitions));
}

int sticky_partition(const KafkaCluster& cluster, KafkaTopic& topic) {
    for (int i = 0; i < topic.partitions; ++i) {
        const int partition = (topic.sticky_partition + i) % topic.partitions;
        if (cluster.has_room(topic, partition)) return topic.sticky_partition = partition;
    }
    return topic.sticky_partition % topic.partitions;
}

}  // namespace agent::deliver
