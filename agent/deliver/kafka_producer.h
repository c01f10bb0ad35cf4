// One librdkafka producer and the thread that makes its blocking calls.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <librdkafka/rdkafka.h>

#include "agent/deliver/kafka_lane.h"
#include "common/base/event_loop.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/config/config.h"

namespace agent::deliver {

// Owns the handle, its topics and the descriptor that becomes readable when there are events. Destroying it blocks (it
// joins librdkafka's threads), so the last reference is dropped on KafkaCalls' thread.
class KafkaProducer {
 public:
    static base::Result<std::shared_ptr<KafkaProducer>> create(const config::ClusterConfig& cluster);
    ~KafkaProducer();
    KafkaProducer(const KafkaProducer&) = delete;
    KafkaProducer& operator=(const KafkaProducer&) = delete;

    rd_kafka_t* handle() const { return handle_; }
    rd_kafka_queue_t* events() const { return events_; }
    int events_fd() const { return wake_.get(); }
    rd_kafka_topic_t* topic(const std::string& name);  // made on first use; thread: the shard's
    const KafkaLane::Limits& lane_limits() const { return lane_limits_; }

 private:
    KafkaProducer() = default;

    KafkaLane::Limits lane_limits_{};
    base::UniqueFd wake_;  // an eventfd: librdkafka adds 1 when its event queue is no longer empty
    rd_kafka_t* handle_ = nullptr;
    rd_kafka_queue_t* events_ = nullptr;
    std::map<std::string, rd_kafka_topic_t*> topics_;
};

// Answers of a cluster to a lookup.
struct TopicFound {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;  // of the topic, or of the call
    bool cluster_answered = false;
    int partitions = 0;
};

// The blocking calls of librdkafka 2.0.2, on a thread of their own: it has no asynchronous lookup of a topic.
//
// Life: joins its thread when destroyed, after at most kLookupTimeout. Thread: the shard's; answers are posted there.
class KafkaCalls {
 public:
    static constexpr std::chrono::milliseconds kLookupTimeout{2000};

    explicit KafkaCalls(base::EventLoop& answers_to);
    ~KafkaCalls();
    KafkaCalls(const KafkaCalls&) = delete;
    KafkaCalls& operator=(const KafkaCalls&) = delete;

    void look_up(std::shared_ptr<KafkaProducer> producer, rd_kafka_topic_t* topic,
                 std::function<void(TopicFound)> found);
    void ping(std::shared_ptr<KafkaProducer> producer, std::function<void(rd_kafka_resp_err_t)> answered);
    void dispose(std::shared_ptr<KafkaProducer> producer);

 private:
    base::EventLoop& answers_to_;
    std::atomic<bool> ending_ = false;  // calls that have not begun are left out
    base::EventLoop calls_;
    std::thread thread_;
};

}  // namespace agent::deliver
