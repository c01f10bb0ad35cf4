#include "agent/deliver/kafka_sink.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "common/base/assert.h"
#include "common/process/record_encoder.h"

namespace agent::deliver {

namespace {

constexpr std::size_t kProduceBatchMax = 1024;
constexpr std::size_t kDeadLetterHeaders = 7;

process::Template must_parse(const std::string& text, const config::Labels& labels) {
    auto parsed = process::Template::parse(text, labels);
    AGENT_ASSERT(parsed.has_value());  // config::load refused what does not parse
    return std::move(*parsed);
}

}  // namespace

struct KafkaSink::KafkaRoute : Route {
    KafkaRoute(KafkaSink& s, KafkaTopic& t, FileContext f) : sink(s), topic(t), file(std::move(f)) {}

    bool ready() override {
        if (!sink.cluster_.knows(topic)) return false;
        partition = sink.choose_partition(*this);
        return sink.cluster_.has_room(topic, partition) && (!alone() || topic.lane(partition).is_empty());
    }
    bool batches() const override { return true; }

    KafkaSink& sink;
    KafkaTopic& topic;
    FileContext file;
    std::string key;
    std::size_t header_bytes = 0;  // of a record, about
    int partition = -1;            // chosen when ready() was asked last
};

KafkaSink::KafkaSink(const config::SinkConfig& config, SinkContext context, KafkaCluster& cluster)
    : config_(config),
      context_(std::move(context)),
      cluster_(cluster),
      topic_(must_parse(config.topic, context_.labels)) {
    if (config.partition == config::Partition::key) key_ = must_parse(config.key, context_.labels);
    if (config.on_reject != config::OnReject::dead_letter) return;
    dead_letter_topic_ = &cluster_.topic(config.dead_letter_topic);
    topics_[config.dead_letter_topic] = dead_letter_topic_;
}

std::unique_ptr<Route> KafkaSink::open_route(const FileContext& file) {
    const process::Origin origin{
        .host = context_.host, .pipeline = context_.pipeline, .path = file.path, .labels = &context_.labels};
    const auto name = topic_.fill(origin);
    auto& topic = cluster_.topic(name);
    topics_[name] = &topic;
    auto route = std::make_unique<KafkaRoute>(*this, topic, file);
    if (key_) route->key = key_->fill(origin);
    for (const auto header : config_.headers) route->header_bytes += header_bytes(header, file);
    return route;
}

// The topic is known. Looked for anew for each extent, not for a record: that would double the cost of a record.
int KafkaSink::choose_partition(const KafkaRoute& route) const {
    auto& topic = route.topic;
    switch (config_.partition) {
        case config::Partition::file:  // kept for the tail's life, so that new partitions do not break its order
            if (route.partition >= 0 && route.partition < topic.partitions) return route.partition;
            return static_cast<int>(XXH3_64bits(route.file.file_id.data(), route.file.file_id.size()) %
                                    static_cast<unsigned>(topic.partitions));
        case config::Partition::key:  // as Java's producer does, so that keys meet in the same partition
            return rd_kafka_msg_partitioner_murmur2(topic.handle, route.key.data(), route.key.size(), topic.partitions,
                                                    nullptr, nullptr);
        case config::Partition::sticky:  // one partition until its batch is full or on its way, then the next
            for (int i = 0; i < topic.partitions; ++i) {
                const int partition = (topic.sticky_partition + i) % topic.partitions;
                if (cluster_.has_room(topic, partition)) return topic.sticky_partition = partition;
            }
            return topic.sticky_partition % topic.partitions;
    }
    return 0;
}

void KafkaSink::deliver(model::ExtentPtr extent, Route& route) {
    auto& kafka_route = static_cast<KafkaRoute&>(route);
    if (!extent->dead_letter_why.empty()) return deliver_dead_letter(std::move(extent), kafka_route);
    collect(std::move(extent), kafka_route, kafka_route.topic, kafka_route.partition, kafka_route.header_bytes);
    auto& lane = kafka_route.topic.lane(kafka_route.partition);
    if (route.alone()) lane.fill_up();
    if (!lane.full()) return;
    for (auto& collected : std::exchange(collected_, {})) {
        const bool of_this_batch =
            collected.topic == &kafka_route.topic && collected.partition == kafka_route.partition;
        if (of_this_batch)
            hand_over(std::move(collected));
        else
            collected_.push_back(std::move(collected));
    }
}

void KafkaSink::collect(model::ExtentPtr extent, KafkaRoute& route, KafkaTopic& topic, int partition,
                        std::size_t header_bytes) {
    std::size_t bytes = 0;
    for (const auto& record : extent->records) bytes += record.size + route.key.size();
    bytes += extent->records.size() * header_bytes;
    cluster_.collect(topic, partition, bytes, extent->records.size());
    collected_.push_back({.extent = std::move(extent), .route = &route, .topic = &topic, .partition = partition});
}

void KafkaSink::deliver_dead_letter(model::ExtentPtr extent, KafkaRoute& route) {
    auto& topic = *dead_letter_topic_;
    const auto header_bytes = dead_letter_header_bytes(route, extent->dead_letter_why);
    if (cluster_.knows(topic))
        for (int partition = 0; partition < topic.partitions; ++partition)
            if (cluster_.has_room(topic, partition))
                return collect(std::move(extent), route, topic, partition, header_bytes);
    auto why = fmt::format("{} (and the dead-letter topic {} cannot take it now)", extent->dead_letter_why, topic.name);
    cluster_.not_sent(std::move(extent), std::move(why));
}

void KafkaSink::flush(Flush flush) {
    if (flush == Flush::more_waits)
        for (auto& [extent, route, topic, partition] : collected_) topic->lane(partition).fill_up();
    for (auto& collected : std::exchange(collected_, {})) hand_over(std::move(collected));
}

void KafkaSink::hand_over(Collected collected) {
    cluster_.close_batch(*collected.topic, collected.partition);
    const auto records = std::exchange(collected.extent->records, {});  // it may come back before the last is taken
    auto* extent = collected.extent.release();                          // comes back with its last delivery
    const auto& route = *collected.route;
    if (!extent->dead_letter_why.empty())
        return produce_with_headers(collected, extent, records,
                                    [&, why = extent->dead_letter_why](const model::Record& record) {
                                        return dead_letter_headers_of(record, route, why);
                                    });
    if (config_.headers.empty()) return produce_batch(collected, extent, records);
    produce_with_headers(collected, extent, records,
                         [&, time = process::utc_text(std::chrono::system_clock::now())](const model::Record& record) {
                             return headers_of(record, route.file, time);
                         });
}

void KafkaSink::produce_batch(const Collected& to, model::Extent* extent, const std::vector<model::Record>& records) {
    batch_.resize(std::min(records.size(), kProduceBatchMax));
    for (std::size_t done = 0; done < records.size();) {
        const std::size_t count = std::min(records.size() - done, kProduceBatchMax);
        for (std::size_t i = 0; i < count; ++i) {
            const auto& record = records[done + i];
            auto& message = batch_[i];
            message = {};
            message.payload = const_cast<char*>(record.data);  // librdkafka only reads it
            message.len = record.size;
            message._private = extent;
            if (key_) {
                message.key = to.route->key.data();
                message.key_len = to.route->key.size();
            }
        }
        done += count;
        const int taken =
            rd_kafka_produce_batch(to.topic->handle, to.partition, 0, batch_.data(), static_cast<int>(count));
        if (static_cast<std::size_t>(taken) == count) continue;
        for (std::size_t i = 0; i < count; ++i)
            if (batch_[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
                cluster_.refused(extent, 1, *to.topic, to.partition, batch_[i].err);
    }
}

void KafkaSink::produce_with_headers(const Collected& to, model::Extent* extent,
                                     const std::vector<model::Record>& records, const HeadersOf& headers_of) {
    for (const auto& record : records) {
        auto* headers = headers_of(record);
        std::array<rd_kafka_vu_t, 6> message{};
        message[0].vtype = RD_KAFKA_VTYPE_RKT;
        message[0].u.rkt = to.topic->handle;
        message[1].vtype = RD_KAFKA_VTYPE_PARTITION;
        message[1].u.i32 = to.partition;
        message[2].vtype = RD_KAFKA_VTYPE_VALUE;
        message[2].u.mem = {.ptr = const_cast<char*>(record.data), .size = record.size};  // librdkafka only reads it
        message[3].vtype = RD_KAFKA_VTYPE_OPAQUE;
        message[3].u.ptr = extent;
        message[4].vtype = RD_KAFKA_VTYPE_HEADERS;
        message[4].u.headers = headers;
        message[5].vtype = RD_KAFKA_VTYPE_KEY;
        if (key_) message[5].u.mem = {.ptr = to.route->key.data(), .size = to.route->key.size()};
        rd_kafka_error_t* error = rd_kafka_produceva(cluster_.handle(), message.data(), message.size());
        if (!error) continue;
        const auto code = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
        rd_kafka_headers_destroy(headers);
        cluster_.refused(extent, 1, *to.topic, to.partition, code);
    }
}

std::size_t KafkaSink::header_bytes(config::Header header, const FileContext& file) const {
    constexpr std::size_t kNameAndNumber = 32;
    switch (header) {
        case config::Header::host:
            return kNameAndNumber + context_.host.size();
        case config::Header::path:
            return kNameAndNumber + file.path.size();
        case config::Header::pipeline:
            return kNameAndNumber + context_.pipeline.size();
        case config::Header::file_id:
            return kNameAndNumber + file.file_id.size();
        default:
            return kNameAndNumber;
    }
}

rd_kafka_headers_t* KafkaSink::headers_of(const model::Record& record, const FileContext& file,
                                          const std::string& time) const {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(config_.headers.size());
    const auto add = [&](const char* name, std::string_view value) {
        rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
    };
    for (const auto header : config_.headers) {
        switch (header) {
            case config::Header::host:
                add("host", context_.host);
                break;
            case config::Header::path:
                add("path", file.path);
                break;
            case config::Header::pipeline:
                add("pipeline", context_.pipeline);
                break;
            case config::Header::file_id:
                add("file_id", file.file_id);
                break;
            case config::Header::offset:
                add("offset", fmt::to_string(record.begin.value));
                break;
            case config::Header::end:
                add("end", fmt::to_string(record.end.value));
                break;
            case config::Header::session:
                add("session", context_.session);
                break;
            case config::Header::time:
                add("time", time);
                break;
        }
    }
    return headers;
}

// Of a record, about.
std::size_t KafkaSink::dead_letter_header_bytes(const KafkaRoute& route, const std::string& why) const {
    constexpr std::size_t kNamesAndOffset = 96;
    return kNamesAndOffset + route.topic.name.size() + std::min(why.size(), kDeadLetterErrorBytesMax) +
           context_.host.size() + context_.pipeline.size() + route.file.path.size() + route.file.file_id.size();
}

// Where it comes from and why it is there.
rd_kafka_headers_t* KafkaSink::dead_letter_headers_of(const model::Record& record, const KafkaRoute& route,
                                                      const std::string& why) const {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(kDeadLetterHeaders);
    const auto add = [&](const char* name, std::string_view value) {
        rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
    };
    add("topic", route.topic.name);
    add("error", std::string_view(why).substr(0, kDeadLetterErrorBytesMax));
    add("host", context_.host);
    add("pipeline", context_.pipeline);
    add("path", route.file.path);
    add("file_id", route.file.file_id);
    add("offset", fmt::to_string(record.begin.value));
    return headers;
}

SinkStatus KafkaSink::status() const {
    SinkStatus status{.type = "kafka", .target = fmt::format("{}/{}", cluster_.config().name, config_.topic)};
    status.trouble = cluster_.trouble();
    for (const auto& [name, topic] : topics_) {
        if (!status.trouble.empty()) break;
        if (topic->missing.going_on())
            status.trouble = fmt::format("topic {} cannot be used for {}: {}", name, topic->missing.duration_text(),
                                         topic->missing.why());
    }
    status.healthy = status.trouble.empty();
    return status;
}

}  // namespace agent::deliver
