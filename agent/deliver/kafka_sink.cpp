#include "agent/deliver/kafka_sink.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "agent/deliver/kafka_partitioner.h"
#include "common/base/assert.h"

namespace agent::deliver {

namespace {

using model::RecordTexts;

constexpr std::size_t kProduceBatchMax = 1024;

process::Template must_parse(const std::string& text, const config::Labels& labels) {
    auto parsed = process::Template::parse(text, labels, process::Template::Scope::record);
    AGENT_ASSERT(parsed.has_value());  // config::load refused what does not parse
    return std::move(*parsed);
}

}  // namespace

struct KafkaSink::Gate : KafkaRoute {
    explicit Gate(KafkaSink& s) : sink(s) {}

    bool ready() override { return sink.is_ready(*this); }
    void let_go() override {
        if (sink.scatter_) sink.scatter_->let_go(*this);
    }

    KafkaSink& sink;
};

KafkaSink::KafkaSink(const config::SinkConfig& config, SinkContext context, KafkaCluster& cluster)
    : config_(config),
      context_(std::move(context)),
      cluster_(cluster),
      topic_(must_parse(config.topic, context_.labels)),
      headers_(config_, context_) {
    if (config.partition == config::Partition::key) key_ = must_parse(config.key, context_.labels);
    if (config.on_reject == config::OnReject::dead_letter) dead_letter_topic_ = &topic(config.dead_letter_topic);
    has_record_keys_ = key_ && key_->reads_record();
    if (topic_.reads_record() || has_record_keys_)
        scatter_.emplace(cluster_, config.partition, dead_letter_topic_,
                         [this](KafkaPortion portion) { collect(std::move(portion)); });
}

KafkaTopic& KafkaSink::topic(const std::string& name) {
    return *(topics_[name] = &cluster_.topic(name));
}

std::unique_ptr<Route> KafkaSink::open_route(const FileContext& file) {
    const process::Origin origin{.host = context_.host,
                                 .pipeline = context_.pipeline,
                                 .path = file.path,
                                 .file_id = file.file_id,
                                 .labels = &context_.labels};
    auto route = std::make_unique<Gate>(*this);
    route->file = file;
    if (!topic_.reads_record()) route->topic = &topic(topic_.fill(origin));
    if (key_ && !has_record_keys_) route->key = key_->fill(origin);
    route->header_values = headers_.fill(origin);
    route->header_bytes = headers_.bytes(file, route->header_values);
    return route;
}

bool KafkaSink::is_ready(KafkaRoute& route) {
    if (scatter_) return scatter_->ready(route);
    if (!cluster_.knows(*route.topic)) return false;
    route.partition = choose_partition(route);
    return cluster_.has_room(*route.topic, route.partition) &&
           (!route.alone() || route.topic->lane(route.partition).is_empty());
}

// The topic is known. Looked for anew for each extent, not for a record: that would double the cost of a record.
int KafkaSink::choose_partition(const KafkaRoute& route) const {
    auto& topic = *route.topic;
    switch (config_.partition) {
        case config::Partition::file:  // kept for the tail's life, so that new partitions do not break its order
            if (route.partition >= 0 && route.partition < topic.partitions) return route.partition;
            return partition_of_file(route.file.file_id, topic.partitions);
        case config::Partition::key:
            return partition_of_key(route.key, topic.partitions);
        case config::Partition::sticky:
            return sticky_partition(cluster_, topic);
    }
    return 0;
}

void KafkaSink::deliver(model::ExtentPtr extent, Route& route) {
    auto& kafka_route = static_cast<KafkaRoute&>(route);
    if (scatter_) return scatter_->take(std::move(extent), kafka_route);
    if (!extent->dead_letter_why.empty()) return deliver_dead_letter(std::move(extent), kafka_route);
    collect(std::move(extent), kafka_route, *kafka_route.topic, kafka_route.partition);
}

void KafkaSink::deliver_dead_letter(model::ExtentPtr extent, KafkaRoute& route) {
    auto& topic = *dead_letter_topic_;
    if (cluster_.knows(topic))
        for (int partition = 0; partition < topic.partitions; ++partition)
            if (cluster_.has_room(topic, partition)) return collect(std::move(extent), route, topic, partition);
    auto why = fmt::format("{} (and the dead-letter topic {} cannot take it now)", extent->dead_letter_why, topic.name);
    cluster_.not_sent(std::move(extent), std::move(why));
}

// All of it.
void KafkaSink::collect(model::ExtentPtr extent, KafkaRoute& route, KafkaTopic& topic, int partition) {
    auto records = std::exchange(extent->records, {});  // it may come back before the last is taken
    collect({.extent = extent.release(),                // comes back with its last delivery
             .route = &route,
             .topic = &topic,
             .partition = partition,
             .records = std::move(records)});
}

void KafkaSink::collect(KafkaPortion portion) {
    auto& topic = *portion.topic;
    const int partition = portion.partition;
    const bool is_dead_letter = !portion.extent->dead_letter_why.empty();
    const bool is_alone = portion.route->alone() && !is_dead_letter;
    cluster_.collect(topic, partition, bytes_of(portion), portion.records.size());
    collected_.push_back(std::move(portion));
    if (is_alone) topic.lane(partition).fill_up();
    if (topic.lane(partition).full() && !is_dead_letter) hand_over_batch_of(topic, partition);
}

std::size_t KafkaSink::bytes_of(const KafkaPortion& portion) const {
    const auto& [extent, route, topic, partition, records, places] = portion;
    const std::size_t of_each =
        route->key.size() + (extent->dead_letter_why.empty()
                                 ? route->header_bytes
                                 : headers_.dead_letter_bytes(route->file, topic->name, extent->dead_letter_why));
    std::size_t bytes = records.size() * of_each;
    for (const auto& record : records) bytes += record.size;
    if (extent->texts.empty()) return bytes;
    for (std::size_t i = 0; i < records.size(); ++i)
        for (std::size_t text = RecordTexts::kKey; text < RecordTexts::kFirstHeader + headers_.of_records(); ++text)
            bytes += extent->texts.at(portion.place(i), text).size();
    return bytes;
}

std::string_view KafkaSink::key_of(const KafkaPortion& portion, std::size_t record) const {
    return has_record_keys_ ? portion.extent->texts.at(portion.place(record), RecordTexts::kKey)
                            : std::string_view(portion.route->key);
}

void KafkaSink::hand_over_batch_of(const KafkaTopic& topic, int partition) {
    for (auto& portion : std::exchange(collected_, {})) {
        if (portion.topic == &topic && portion.partition == partition)
            hand_over(portion);
        else
            collected_.push_back(std::move(portion));
    }
}

void KafkaSink::flush(Flush flush) {
    if (flush == Flush::more_waits)
        for (const auto& portion : collected_) portion.topic->lane(portion.partition).fill_up();
    for (const auto& portion : std::exchange(collected_, {})) hand_over(portion);
}

void KafkaSink::hand_over(const KafkaPortion& portion) {
    cluster_.close_batch(*portion.topic, portion.partition);
    if (portion.extent->dead_letter_why.empty() && headers_.empty()) return produce_batch(portion);
    headers_.begin_batch();
    produce_with_headers(portion);
}

void KafkaSink::produce_batch(const KafkaPortion& portion) {
    const auto& records = portion.records;
    batch_.resize(std::min(records.size(), kProduceBatchMax));
    for (std::size_t done = 0; done < records.size();) {
        const std::size_t count = std::min(records.size() - done, kProduceBatchMax);
        for (std::size_t i = 0; i < count; ++i) {
            const auto& record = records[done + i];
            auto& message = batch_[i];
            message = {};
            message.payload = const_cast<char*>(record.data);  // librdkafka only reads it
            message.len = record.size;
            message._private = portion.extent;
            if (!key_) continue;
            const auto key = key_of(portion, done + i);
            message.key_len = key.size();
            if (!key.empty() || !has_record_keys_) message.key = const_cast<char*>(key.data());
        }
        done += count;
        const int taken =
            rd_kafka_produce_batch(portion.topic->handle, portion.partition, 0, batch_.data(), static_cast<int>(count));
        if (static_cast<std::size_t>(taken) == count) continue;
        for (std::size_t i = 0; i < count; ++i)
            if (batch_[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
                cluster_.refused(portion.extent, 1, *portion.topic, portion.partition, batch_[i].err);
    }
}

void KafkaSink::produce_with_headers(const KafkaPortion& portion) {
    for (std::size_t i = 0; i < portion.records.size(); ++i) {
        const auto& record = portion.records[i];
        auto* headers = headers_of(portion, i);
        std::array<rd_kafka_vu_t, 6> message{};
        message[0].vtype = RD_KAFKA_VTYPE_RKT;
        message[0].u.rkt = portion.topic->handle;
        message[1].vtype = RD_KAFKA_VTYPE_PARTITION;
        message[1].u.i32 = portion.partition;
        message[2].vtype = RD_KAFKA_VTYPE_VALUE;
        message[2].u.mem = {.ptr = const_cast<char*>(record.data), .size = record.size};  // librdkafka only reads it
        message[3].vtype = RD_KAFKA_VTYPE_OPAQUE;
        message[3].u.ptr = portion.extent;
        message[4].vtype = RD_KAFKA_VTYPE_HEADERS;
        message[4].u.headers = headers;
        message[5].vtype = RD_KAFKA_VTYPE_KEY;
        if (const auto key = key_of(portion, i); key_ && (!key.empty() || !has_record_keys_))
            message[5].u.mem = {.ptr = const_cast<char*>(key.data()), .size = key.size()};
        rd_kafka_error_t* error = rd_kafka_produceva(cluster_.handle(), message.data(), message.size());
        if (!error) continue;
        const auto code = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
        rd_kafka_headers_destroy(headers);
        cluster_.refused(portion.extent, 1, *portion.topic, portion.partition, code);
    }
}

rd_kafka_headers_t* KafkaSink::headers_of(const KafkaPortion& portion, std::size_t record) const {
    const auto& [extent, route, topic, partition, records, places] = portion;
    const auto place = portion.place(record);
    if (extent->dead_letter_why.empty())
        return headers_.of(records[record], route->file, route->header_values, extent->texts, place);
    const auto rejected_by =
        route->topic ? std::string_view(route->topic->name) : extent->texts.at(place, RecordTexts::kTopic);
    return headers_.of_dead_letter(records[record], route->file, rejected_by, extent->dead_letter_why);
}

void KafkaSink::let_go() {
    if (scatter_) scatter_->let_go();
}

SinkStatus KafkaSink::status() const {
    SinkStatus status{.type = "kafka", .target = fmt::format("{}/{}", cluster_.config().name, config_.topic)};
    status.trouble = cluster_.trouble();
    const auto look_at = [&](const std::string& name, const KafkaTopic& topic) {
        if (status.trouble.empty() && topic.missing.going_on())
            status.trouble = fmt::format("topic {} cannot be used for {}: {}", name, topic.missing.duration_text(),
                                         topic.missing.why());
    };
    for (const auto& [name, topic] : topics_) look_at(name, *topic);
    if (scatter_)
        for (const auto& [name, topic] : scatter_->topics()) look_at(name, *topic);
    status.healthy = status.trouble.empty();
    return status;
}

}  // namespace agent::deliver
