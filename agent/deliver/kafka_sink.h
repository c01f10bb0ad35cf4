#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/deliver/kafka_cluster.h"
#include "agent/deliver/sink.h"
#include "agent/deliver/sink_context.h"
#include "common/process/template.h"

namespace agent::deliver {

// What a dead letter carries beside its line: a path (PATH_MAX), a topic (249 bytes), host, pipeline, file id; an error
// is cut at kDeadLetterErrorBytesMax.
constexpr std::size_t kDeadLetterErrorBytesMax = 1024;
constexpr std::size_t kDeadLetterHeaderBytesMax = 8192;

// Records to a topic. Extents are collected for their partition's batch (KafkaLane) until flush(), or until one is
// full. The plain way of a record costs no call of its own: payloads point into the extent, rd_kafka_produce_batch
// takes many, one partition is chosen for all of an extent. Headers cost a call per record.
class KafkaSink : public Sink {
 public:
    KafkaSink(const config::SinkConfig& config, SinkContext context, KafkaCluster& cluster);

    std::unique_ptr<Route> open_route(const FileContext& file) override;
    void deliver(model::ExtentPtr extent, Route& route) override;
    void flush(Flush flush) override;
    SinkStatus status() const override;

 private:
    struct KafkaRoute;
    struct Collected {  // an extent that waits for its batch to be handed over
        model::ExtentPtr extent;
        KafkaRoute* route;
        KafkaTopic* topic;
        int partition;
    };
    using HeadersOf = std::function<rd_kafka_headers_t*(const model::Record&)>;

    int choose_partition(const KafkaRoute& route) const;
    void collect(model::ExtentPtr extent, KafkaRoute& route, KafkaTopic& topic, int partition,
                 std::size_t header_bytes);
    void deliver_dead_letter(model::ExtentPtr extent, KafkaRoute& route);
    void hand_over(Collected collected);

    // `to.extent` was let go of: it comes back by `extent`.
    void produce_batch(const Collected& to, model::Extent* extent, const std::vector<model::Record>& records);
    void produce_with_headers(const Collected& to, model::Extent* extent, const std::vector<model::Record>& records,
                              const HeadersOf& headers_of);
    std::size_t header_bytes(config::Header header, const FileContext& file) const;
    rd_kafka_headers_t* headers_of(const model::Record& record, const FileContext& file, const std::string& time) const;
    std::size_t dead_letter_header_bytes(const KafkaRoute& route, const std::string& why) const;
    rd_kafka_headers_t* dead_letter_headers_of(const model::Record& record, const KafkaRoute& route,
                                               const std::string& why) const;

    config::SinkConfig config_;
    SinkContext context_;
    KafkaCluster& cluster_;
    process::Template topic_;
    std::optional<process::Template> key_;
    KafkaTopic* dead_letter_topic_ = nullptr;  // with OnReject::dead_letter
    std::vector<Collected> collected_;
    std::vector<rd_kafka_message_t> batch_;  // reused
    std::map<std::string, KafkaTopic*> topics_;
};

}  // namespace agent::deliver
