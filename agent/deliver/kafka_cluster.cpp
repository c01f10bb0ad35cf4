#include "agent/deliver/kafka_cluster.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "common/base/assert.h"

namespace agent::deliver {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kDeliveriesMax = 4096;  // looked at in one go
constexpr KafkaLane::Clock::duration kEventsLateMax = 10ms;
constexpr auto kTopicRetry = 1s;
constexpr auto kPingRetry = 1s;
constexpr auto kSilenceMax = 5s;    // of a cluster that has something to acknowledge
constexpr int kFailedPingsMin = 2;  // in a row: one may have asked the broker that is just being lost
constexpr auto kRecoverRetry = 5s;

model::Rejection rejection_of(rd_kafka_resp_err_t error) {
    switch (error) {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
            return model::Rejection::too_large;
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
            return model::Rejection::invalid;
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
            return model::Rejection::not_authorised;
        default:
            return model::Rejection::none;
    }
}

// Of several failures the first is told; only if all were rejections, the extent was rejected, and one of a record
// outweighs one of its topic: who that was must be looked for.
void note_failure(model::Extent& extent, std::size_t count, rd_kafka_resp_err_t error, std::string_view topic,
                  std::string text) {
    const auto rejection = rejection_of(error);
    extent.failed += static_cast<std::uint32_t>(count);
    if (extent.failure.empty()) {
        extent.failure = std::move(text);
        extent.rejection = rejection;
    } else if (rejection == model::Rejection::none || extent.rejection == model::Rejection::not_authorised) {
        if (extent.rejection != model::Rejection::none) extent.rejection = rejection;
    }
    const bool is_forbidden = rejection == model::Rejection::not_authorised;
    if (is_forbidden && std::ranges::find(extent.forbidden_topics, topic) == extent.forbidden_topics.end())
        extent.forbidden_topics.emplace_back(topic);
}

bool topic_is_unknown(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

bool is_of_run(const rd_kafka_message_t& message, const rd_kafka_message_t& first) {
    return message._private == first._private && message.partition == first.partition && message.rkt == first.rkt;
}

}  // namespace

base::Result<std::unique_ptr<KafkaCluster>> KafkaCluster::create(base::EventLoop& loop,
                                                                 const config::ClusterConfig& config,
                                                                 model::DeliveryListener& listener,
                                                                 telemetry::Log& log) {
    auto producer = KafkaProducer::create(config);
    if (!producer) return std::unexpected(producer.error());
    return std::unique_ptr<KafkaCluster>(new KafkaCluster(loop, config, std::move(*producer), listener, log));
}

KafkaCluster::KafkaCluster(base::EventLoop& loop, config::ClusterConfig config, std::shared_ptr<KafkaProducer> producer,
                           model::DeliveryListener& listener, telemetry::Log& log)
    : loop_(loop),
      config_(std::move(config)),
      listener_(listener),
      log_(log),
      lane_limits_(producer->lane_limits()),
      delivered_(kDeliveriesMax),
      lane_opens_(loop),
      topics_retry_(loop),
      recover_retry_(loop),
      ping_retry_(loop),
      silence_(loop),
      producer_(std::move(producer)),
      calls_(std::make_unique<KafkaCalls>(loop)) {
    watch_events();
}

KafkaCluster::~KafkaCluster() {
    AGENT_ASSERT(idle());
    watch_.reset();
    calls_->dispose(std::move(producer_));
}

void KafkaCluster::watch_events() {
    watch_ = std::make_unique<base::ReadableWatch>(loop_, producer_->events_fd(), [this] { take_events(); });
}

void KafkaCluster::take_events() {
    std::uint64_t count = 0;
    (void)::read(producer_->events_fd(), &count, sizeof(count));  // first: what comes later wakes us again
    while (rd_kafka_event_t* event = rd_kafka_queue_poll(producer_->events(), 0)) {
        switch (rd_kafka_event_type(event)) {
            case RD_KAFKA_EVENT_DR:
                take_deliveries(event);
                break;
            case RD_KAFKA_EVENT_ERROR:
                take_error(event);
                break;
            case RD_KAFKA_EVENT_LOG:
                take_log(event);
                break;
            default:
                break;
        }
        rd_kafka_event_destroy(event);
    }
    if (recovering_ && idle()) recover();
    open_lanes();
}

bool KafkaCluster::has_room(const KafkaTopic& topic, int partition) const {
    return topic.lane(partition).has_room(KafkaLane::Clock::now());
}

void KafkaCluster::collect(KafkaTopic& topic, int partition, std::size_t bytes, std::size_t records) {
    in_flight_messages_ += records;
    topic.lane(partition).collect(bytes, records, KafkaLane::Clock::now(), lane_limits_);
}

// No line waits for the acknowledgement of a batch that is not full before the next may begin: until then, it need not
// wake the shard. What else waits for it (a drain, the window) can wait for kEventsLateMax.
void KafkaCluster::close_batch(KafkaTopic& topic, int partition) {
    auto& lane = topic.lane(partition);
    if (lane.closed()) return;
    lane.close();
    if (!std::exchange(watching_for_silence_, true)) watch_for_silence();
    if (lane.full()) ++full_batches_;
    if (full_batches_ > 0)
        watch_->resume();
    else
        watch_->pause(std::min(lane_limits_.linger, kEventsLateMax));
}

// Tells the listener of the lanes that are free by now, and comes back for the others.
void KafkaCluster::open_lanes() {
    if (lanes_free_at_.empty()) return;
    const auto now = KafkaLane::Clock::now();
    if (lanes_free_at_.top() <= now) {
        while (!lanes_free_at_.empty() && lanes_free_at_.top() <= now) lanes_free_at_.pop();
        listener_.sink_ready();
    }
    if (!lanes_free_at_.empty()) lane_opens_.after(lanes_free_at_.top() - now, [this] { open_lanes(); });
}

// Most deliveries come in runs of one extent and partition: one look at both per run.
void KafkaCluster::take_deliveries(rd_kafka_event_t* event) {
    while (const std::size_t n = rd_kafka_event_message_array(event, delivered_.data(), delivered_.size())) {
        for (std::size_t i = 0; i < n;) {
            const auto* first = delivered_[i];
            auto* extent = static_cast<model::Extent*>(first->_private);
            const std::size_t run = i;
            for (; i < n && is_of_run(*delivered_[i], *first); ++i)
                if (delivered_[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR) delivery_failed(*delivered_[i]);
            finish_records(extent, i - run, *topics_by_handle_.at(first->rkt), first->partition);
        }
    }
    if (unreachable_.going_on()) check_reachable();
}

void KafkaCluster::finish_records(model::Extent* extent, std::size_t count, KafkaTopic& topic, int partition) {
    AGENT_ASSERT(in_flight_messages_ >= count);
    in_flight_messages_ -= count;
    records_finished_ += count;
    auto& lane = topic.lane(partition);
    const bool full_batch = lane.closed() && lane.full();
    if (const auto free_at = lane.give_back(count, lane_limits_)) {
        lanes_free_at_.push(*free_at);
        if (full_batch) --full_batches_;
    }
    count_down(extent, count);
}

void KafkaCluster::count_down(model::Extent* extent, std::size_t count) {
    AGENT_ASSERT(extent->unfinished >= count);
    extent->unfinished -= static_cast<std::uint32_t>(count);
    if (extent->unfinished == 0) listener_.extent_finished(model::ExtentPtr(extent));
}

void KafkaCluster::delivery_failed(const rd_kafka_message_t& message) {
    const char* topic_name = rd_kafka_topic_name(message.rkt);
    note_failure(*static_cast<model::Extent*>(message._private), 1, message.err, topic_name,
                 fmt::format("{}: {} ({} bytes)", topic_name, rd_kafka_err2str(message.err), message.len));
    if (message.err == RD_KAFKA_RESP_ERR__FATAL) begin_recovery(rd_kafka_err2str(message.err));
    if (topic_is_unknown(message.err)) topic_unknown(topics_.at(topic_name), message.err);
}

void KafkaCluster::refused(model::Extent* extent, std::size_t count, KafkaTopic& topic, int partition,
                           rd_kafka_resp_err_t error) {
    note_failure(*extent, count, error, topic.name, fmt::format("{}: {}", topic.name, rd_kafka_err2str(error)));
    if (error == RD_KAFKA_RESP_ERR__FATAL) begin_recovery(rd_kafka_err2str(error));
    if (topic_is_unknown(error)) topic_unknown(topic, error);
    finish_records(extent, count, topic, partition);
    open_lanes();
}

void KafkaCluster::not_sent(model::ExtentPtr extent, std::string why) {
    extent->failure = std::move(why);
    extent->unfinished = 0;
    listener_.extent_finished(std::move(extent));
}

void KafkaCluster::not_sent(model::Extent* extent, std::size_t count, std::string why) {
    note_failure(*extent, count, RD_KAFKA_RESP_ERR__PURGE_QUEUE, {}, std::move(why));
    count_down(extent, count);
}

void KafkaCluster::take_error(rd_kafka_event_t* event) {
    const auto error = rd_kafka_event_error(event);
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
        std::array<char, 512> why{};
        rd_kafka_fatal_error(producer_->handle(), why.data(), why.size());
        begin_recovery(why.data());
        return;
    }
    // "Connect to 127.0.0.1:9092 failed: Connection refused" says more than "all brokers are down".
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) last_error_ = rd_kafka_event_error_string(event);
    check_reachable();
}

// What matters comes as an error too; the rest is for debugging.
void KafkaCluster::take_log(rd_kafka_event_t* event) {
    const char* facility = nullptr;
    const char* text = nullptr;
    int level = 0;
    if (rd_kafka_event_log(event, &facility, &text, &level) == 0)
        log_.debug("librdkafka says", {{"cluster", config_.name}, {"facility", facility}, {"text", text}});
}

KafkaTopic& KafkaCluster::topic(const std::string& name) {
    auto& topic = topics_[name];
    if (topic.name.empty()) {
        topic.name = name;
        look_up(topic);
    }
    return topic;
}

void KafkaCluster::look_up(KafkaTopic& topic) {
    if (topic.looking || recovering_) return;
    topic.looking = true;
    topic.handle = producer_->topic(topic.name);
    topics_by_handle_[topic.handle] = &topic;
    calls_->look_up(producer_, topic.handle,
                    [this, name = topic.name, alive = std::weak_ptr(alive_)](const TopicFound& found) {
                        if (!alive.expired()) topic_found(name, found);
                    });
}

void KafkaCluster::topic_found(const std::string& name, const TopicFound& found) {
    auto& topic = topics_.at(name);
    topic.looking = false;
    if (found.cluster_answered) answered(RD_KAFKA_RESP_ERR_NO_ERROR);
    if (recovering_) return;  // recover() asks again
    if (found.error == RD_KAFKA_RESP_ERR_NO_ERROR && found.partitions > 0) {
        topic.partitions = found.partitions;
        // A topic that was made again may have fewer: what is in flight for the others comes back all the same.
        if (topic.lanes.size() < static_cast<std::size_t>(found.partitions))
            topic.lanes.resize(static_cast<std::size_t>(found.partitions));
        if (const auto lasted = topic.missing.end())
            log_.info("topic is there",
                      {{"cluster", config_.name}, {"topic", name}, {"after", show_duration(*lasted)}});
        listener_.sink_ready();
    } else if (found.cluster_answered) {
        const bool was_missing = topic.missing.going_on();
        topic_unknown(topic, found.error);
        if (!was_missing) listener_.sink_ready();  // whoever waits for it knows now that it is not there
    } else {
        answered(found.error);  // as good as a ping, which would wait behind the other lookups
        retry_topics();
    }
}

void KafkaCluster::retry_topics() {
    topics_retry_.after(kTopicRetry, [this] {
        for (auto& [name, topic] : topics_)
            if (topic.partitions == 0) look_up(topic);
    });
}

void KafkaCluster::topic_unknown(KafkaTopic& topic, rd_kafka_resp_err_t error) {
    topic.partitions = 0;
    if (topic.missing.observe(rd_kafka_err2str(error)))
        log_.warn("topic cannot be used: waiting for it", {{"cluster", config_.name},
                                                           {"topic", topic.name},
                                                           {"error", topic.missing.why()},
                                                           {"for", topic.missing.duration_text()}});
    retry_topics();
}

// A broker that closes an idle connection looks like one that died: ask before saying so.
void KafkaCluster::check_reachable() {
    if (pinging_ || recovering_) return;
    pinging_ = true;
    calls_->ping(producer_, [this, alive = std::weak_ptr(alive_)](rd_kafka_resp_err_t error) {
        if (alive.expired()) return;
        pinging_ = false;
        answered(error);
    });
}

// A broker that takes a batch and never answers brings no error before socket.timeout.ms, a minute: ask it.
void KafkaCluster::watch_for_silence() {
    silence_.after(kSilenceMax, [this, finished = records_finished_] {
        watching_for_silence_ = !idle();
        if (idle()) return;
        if (records_finished_ == finished) check_reachable();
        watch_for_silence();
    });
}

void KafkaCluster::answered(rd_kafka_resp_err_t error) {
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        failed_pings_ = 0;
        if (const auto lasted = unreachable_.end())
            log_.info("cluster is reachable again", {{"cluster", config_.name}, {"after", show_duration(*lasted)}});
        last_error_.clear();
        return;
    }
    ping_retry_.after(kPingRetry, [this] { check_reachable(); });
    if (++failed_pings_ < kFailedPingsMin) return;
    if (unreachable_.observe(last_error_.empty() ? rd_kafka_err2str(error) : last_error_))
        log_.warn("cluster is unreachable: retrying for ever", {{"cluster", config_.name},
                                                                {"error", unreachable_.why()},
                                                                {"for", unreachable_.duration_text()},
                                                                {"records_in_flight", in_flight_messages_}});
}

void KafkaCluster::begin_recovery(const std::string& why) {
    if (recovering_) return;
    recovering_ = true;
    log_.warn("producer failed for good: making a new one and reading again what was in flight",
              {{"cluster", config_.name}, {"error", why}, {"records_in_flight", in_flight_messages_}});
    rd_kafka_purge(producer_->handle(),
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    loop_.post([this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired() && recovering_ && idle()) recover();
    });
}

void KafkaCluster::recover() {
    auto fresh = KafkaProducer::create(config_);
    if (!fresh) {
        log_.error("producer cannot be made: trying again",
                   {{"cluster", config_.name}, {"error", fresh.error().message}});
        recover_retry_.after(kRecoverRetry, [this] { recover(); });
        return;
    }
    watch_.reset();
    topics_by_handle_.clear();
    calls_->dispose(std::exchange(producer_, std::move(*fresh)));
    watch_events();
    alive_ = std::make_shared<int>(0);  // answers about the old producer are no longer wanted
    pinging_ = false;
    recovering_ = false;
    for (auto& [name, topic] : topics_) {
        topic.looking = false;
        topic.partitions = 0;
        look_up(topic);
    }
}

void KafkaCluster::let_go() {
    rd_kafka_purge(producer_->handle(),
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

std::string KafkaCluster::trouble() const {
    if (unreachable_.going_on())
        return fmt::format("cluster {} unreachable for {}: {}", config_.name, unreachable_.duration_text(),
                           unreachable_.why());
    if (recovering_) return fmt::format("producer of cluster {} is being replaced", config_.name);
    return {};
}

}  // namespace agent::deliver
