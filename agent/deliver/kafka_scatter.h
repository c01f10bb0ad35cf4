// Extents whose records go to several topics or partitions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/deliver/kafka_cluster.h"
#include "agent/deliver/kafka_route.h"
#include "common/config/config.h"

namespace agent::deliver {

// Divides an extent into portions, one for each partition that its records go to, in their order; each joins its
// partition's batch as soon as that has room. Until the last one has, nothing more is read on its route: so a file's
// records keep their order within each partition, and a route holds one extent back at most.
//
// Nothing of an extent is sent before all its topics are known. One with a topic that is missing is given back whole,
// and its route is not ready until the topic is there: trying again repeats nothing.
//
// Thread: its shard's.
class KafkaScatter {
 public:
    using Collect = std::function<void(KafkaPortion portion)>;  // its partition has room

    KafkaScatter(KafkaCluster& cluster, config::Partition partition, KafkaTopic* dead_letters, Collect collect);

    // Whether an extent may be taken: nothing waits, and what the last one joined has room again.
    bool ready(KafkaRoute& route) const;

    // Dead letters are taken at any time.
    void take(model::ExtentPtr extent, KafkaRoute& route);

    // What waits goes as far as it may. True: something of it was collected.
    bool go_on();

    // What waits comes back as failed.
    void let_go(KafkaRoute& route);
    void let_go();

    // That records named so far.
    const std::map<std::string, KafkaTopic*, std::less<>>& topics() const { return topics_; }

 private:
    struct Waiting {
        KafkaRoute* route;
        std::uint32_t times_let_go;          // of the route, when it began
        model::ExtentPtr extent;             // nothing of it is sent: a topic of it is still being looked up
        std::vector<KafkaPortion> portions;  // of an extent that was let go of: those that are still to be sent

        bool is_let_go() const { return times_let_go != route->times_let_go; }
    };
    enum class Step : std::uint8_t { done, waits };

    Step go_on(Waiting& waiting);
    Step divide(Waiting& waiting);
    Step give_back(Waiting& waiting, const std::string& why);
    KafkaTopic* make_portions(Waiting& waiting);      // the first topic that is not known
    KafkaTopic* make_dead_letters(Waiting& waiting);  // the same
    int partition_of(const model::Extent& extent, std::size_t record, KafkaTopic& topic, KafkaRoute& route) const;
    bool join(KafkaPortion& portion);
    int lane_with_room(const KafkaPortion& portion) const;
    bool is_free(const KafkaPortion& portion, int partition) const;
    KafkaTopic& topic_of(std::string_view name);

    KafkaCluster& cluster_;
    config::Partition partition_;
    KafkaTopic* dead_letters_;  // null: there are none
    Collect collect_;
    std::map<std::string, KafkaTopic*, std::less<>> topics_;
    KafkaTopic* last_topic_ = nullptr;  // most records go where the one before them went
    std::deque<Waiting> waiting_;       // the first first
    std::uint64_t collected_ = 0;       // portions
};

}  // namespace agent::deliver
