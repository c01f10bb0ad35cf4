// A Kafka cluster as one shard sees it: producer, topics, deliveries, trouble.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/deliver/kafka_lane.h"
#include "agent/deliver/kafka_producer.h"
#include "agent/deliver/outage.h"
#include "agent/model/delivery_listener.h"
#include "common/telemetry/log.h"

namespace agent::deliver {

// A topic that some route delivers to. Its partition count is looked up before the first record, and again when the
// cluster says that it does not know it: a topic that is missing keeps its tails waiting, it never fails a record.
struct KafkaTopic {
    std::string name;
    rd_kafka_topic_t* handle = nullptr;  // of the present producer
    int partitions = 0;                  // 0: not known (yet)
    bool looking = false;
    Outage missing;

    KafkaLane& lane(int partition) { return lanes[static_cast<std::size_t>(partition)]; }
    const KafkaLane& lane(int partition) const { return lanes[static_cast<std::size_t>(partition)]; }

    std::vector<KafkaLane> lanes;  // by partition
    int sticky_partition = 0;      // Partition::sticky: where records went last
};

// One producer per cluster, shared by all pipelines of the shard.
//
// Recovery: a delivery that failed, for whatever reason, marks its extent, and the tail rewinds. A *fatal* producer is
// purged, which brings every extent back, and replaced; nothing that was in flight is trusted.
//
// Life: destroyed after drain or let_go(), when nothing is in flight. Thread: its shard's.
class KafkaCluster {
 public:
    static base::Result<std::unique_ptr<KafkaCluster>> create(base::EventLoop& loop,
                                                              const config::ClusterConfig& config,
                                                              model::DeliveryListener& listener, telemetry::Log& log);
    ~KafkaCluster();
    KafkaCluster(const KafkaCluster&) = delete;
    KafkaCluster& operator=(const KafkaCluster&) = delete;

    KafkaTopic& topic(const std::string& name);  // stable; starts looking it up
    bool knows(const KafkaTopic& topic) const { return !recovering_ && topic.partitions > 0; }
    bool is_recovering() const { return recovering_; }
    bool has_room(const KafkaTopic& topic, int partition) const;

    // An extent's records join their partition's batch, which has room. From here on they are in flight.
    void collect(KafkaTopic& topic, int partition, std::size_t bytes, std::size_t records);

    // The batch is about to be handed over.
    void close_batch(KafkaTopic& topic, int partition);

    // Records that were handed over were not taken.
    void refused(model::Extent* extent, std::size_t count, KafkaTopic& topic, int partition, rd_kafka_resp_err_t error);
    void not_sent(model::ExtentPtr extent, std::string why);                   // no batch takes it
    void not_sent(model::Extent* extent, std::size_t count, std::string why);  // or so many records of it

    // Gives everything in flight back as failed, soon. For leaving a cluster that is dead.
    void let_go();
    bool idle() const { return in_flight_messages_ == 0; }

    rd_kafka_t* handle() const { return producer_->handle(); }
    const config::ClusterConfig& config() const { return config_; }
    std::string trouble() const;  // "" when the cluster answers

 private:
    KafkaCluster(base::EventLoop& loop, config::ClusterConfig config, std::shared_ptr<KafkaProducer> producer,
                 model::DeliveryListener& listener, telemetry::Log& log);

    void watch_events();
    void take_events();
    void take_deliveries(rd_kafka_event_t* event);
    void finish_records(model::Extent* extent, std::size_t count, KafkaTopic& topic, int partition);
    void count_down(model::Extent* extent, std::size_t count);
    void open_lanes();
    void delivery_failed(const rd_kafka_message_t& message);
    void take_log(rd_kafka_event_t* event);
    void take_error(rd_kafka_event_t* event);

    void look_up(KafkaTopic& topic);
    void topic_found(const std::string& name, const TopicFound& found);
    void topic_unknown(KafkaTopic& topic, rd_kafka_resp_err_t error);
    void retry_topics();
    void check_reachable();
    void watch_for_silence();
    void answered(rd_kafka_resp_err_t error);
    void begin_recovery(const std::string& why);
    void recover();

    base::EventLoop& loop_;
    config::ClusterConfig config_;
    model::DeliveryListener& listener_;
    telemetry::Log& log_;
    std::size_t in_flight_messages_ = 0;
    std::size_t full_batches_ = 0;  // in flight
    std::uint64_t records_finished_ = 0;
    bool watching_for_silence_ = false;
    KafkaLane::Limits lane_limits_;
    std::priority_queue<KafkaLane::Clock::time_point, std::vector<KafkaLane::Clock::time_point>, std::greater<>>
        lanes_free_at_;  // of those that came back
    bool recovering_ = false;
    bool pinging_ = false;
    int failed_pings_ = 0;
    std::string last_error_;
    Outage unreachable_;
    std::map<std::string, KafkaTopic> topics_;
    std::unordered_map<const rd_kafka_topic_t*, KafkaTopic*> topics_by_handle_;
    std::vector<const rd_kafka_message_t*> delivered_;       // reused
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // answers that come late find it gone
    base::Timer lane_opens_;
    base::Timer topics_retry_;
    base::Timer recover_retry_;
    base::Timer ping_retry_;
    base::Timer silence_;
    std::shared_ptr<KafkaProducer> producer_;
    std::unique_ptr<base::ReadableWatch> watch_;
    std::unique_ptr<KafkaCalls> calls_;
};

}  // namespace agent::deliver
