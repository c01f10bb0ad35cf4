#include "agent/deliver/kafka_producer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <sys/eventfd.h>

#include "common/base/assert.h"
#include "common/kafka/client_config.h"

namespace agent::deliver {

namespace {

// Between a batch's first record and its request: as long as it takes to hand the batch over. To wait for lines that
// are not written yet is the lane's affair.
constexpr double kHandOverMs = 1.0;

double number_of(const rd_kafka_conf_t* conf, const char* name) {
    std::array<char, 64> value{};
    std::size_t size = value.size();
    AGENT_ASSERT(rd_kafka_conf_get(conf, name, value.data(), &size) == RD_KAFKA_CONF_OK);
    return std::strtod(value.data(), nullptr);
}

// What the user's properties say; librdkafka is told less.
KafkaLane::Limits take_lane_limits(rd_kafka_conf_t* conf) {
    const double linger_ms = number_of(conf, "linger.ms");
    const auto told = fmt::to_string(std::min(linger_ms, kHandOverMs));
    AGENT_ASSERT(rd_kafka_conf_set(conf, "linger.ms", told.c_str(), nullptr, 0) == RD_KAFKA_CONF_OK);
    return {.batch_bytes_max =
                static_cast<std::size_t>(std::min(number_of(conf, "batch.size"), number_of(conf, "message.max.bytes"))),
            .linger = std::chrono::duration_cast<KafkaLane::Clock::duration>(
                std::chrono::duration<double, std::milli>(linger_ms))};
}

}  // namespace

base::Result<std::shared_ptr<KafkaProducer>> KafkaProducer::create(const config::ClusterConfig& cluster) {
    auto conf = kafka::producer_conf(cluster);
    if (!conf) return std::unexpected(conf.error());
    rd_kafka_conf_set_events(conf->get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);

    std::array<char, 512> why{};
    auto producer = std::shared_ptr<KafkaProducer>(new KafkaProducer);
    producer->lane_limits_ = take_lane_limits(conf->get());
    producer->wake_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!producer->wake_) return base::fail("cannot make an eventfd: {}", base::errno_text(errno));
    producer->handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf->get(), why.data(), why.size());
    if (!producer->handle_) return base::fail("cannot make a producer for cluster {}: {}", cluster.name, why.data());
    (void)conf->release();  // rd_kafka_new took it

    if (auto verified = kafka::verify_guarantee(producer->handle_); !verified) return std::unexpected(verified.error());
    rd_kafka_set_log_queue(producer->handle_, nullptr);  // to the main queue, with the other events
    producer->events_ = rd_kafka_queue_get_main(producer->handle_);
    const std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(producer->events_, producer->wake_.get(), &one, sizeof(one));
    // It writes when the queue is no longer empty: what came before now would never be told.
    (void)::eventfd_write(producer->wake_.get(), one);
    return producer;
}

KafkaProducer::~KafkaProducer() {
    for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
    if (events_) {
        rd_kafka_queue_io_event_enable(events_, -1, nullptr, 0);
        rd_kafka_queue_destroy(events_);
    }
    if (handle_) rd_kafka_destroy(handle_);
}

rd_kafka_topic_t* KafkaProducer::topic(const std::string& name) {
    auto& topic = topics_[name];
    if (!topic) topic = rd_kafka_topic_new(handle_, name.c_str(), nullptr);
    return topic;
}

KafkaCalls::KafkaCalls(base::EventLoop& answers_to) : answers_to_(answers_to), thread_([this] { calls_.run(); }) {}

KafkaCalls::~KafkaCalls() {
    ending_ = true;
    calls_.post([this] { calls_.stop(); });  // behind what was asked for
    thread_.join();
}

void KafkaCalls::look_up(std::shared_ptr<KafkaProducer> producer, rd_kafka_topic_t* topic,
                         std::function<void(TopicFound)> found) {
    calls_.post([this, producer = std::move(producer), topic, found = std::move(found)]() mutable {
        if (ending_) return;
        const rd_kafka_metadata_t* metadata = nullptr;
        TopicFound answer;
        answer.error =
            rd_kafka_metadata(producer->handle(), 0, topic, &metadata, static_cast<int>(kLookupTimeout.count()));
        if (answer.error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            answer.cluster_answered = true;
            answer.error = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
            if (metadata->topic_cnt == 1) answer.partitions = metadata->topics[0].partition_cnt;
            rd_kafka_metadata_destroy(metadata);
        }
        answers_to_.post([found = std::move(found), answer] { found(answer); });
    });
}

void KafkaCalls::ping(std::shared_ptr<KafkaProducer> producer, std::function<void(rd_kafka_resp_err_t)> answered) {
    calls_.post([this, producer = std::move(producer), answered = std::move(answered)]() mutable {
        if (ending_) return;
        const rd_kafka_metadata_t* metadata = nullptr;
        const auto error =
            rd_kafka_metadata(producer->handle(), 0, nullptr, &metadata, static_cast<int>(kLookupTimeout.count()));
        if (metadata) rd_kafka_metadata_destroy(metadata);
        answers_to_.post([answered = std::move(answered), error] { answered(error); });
    });
}

void KafkaCalls::dispose(std::shared_ptr<KafkaProducer> producer) {
    calls_.post([producer = std::move(producer)] {});
}

}  // namespace agent::deliver
