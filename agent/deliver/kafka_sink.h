#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/deliver/kafka_cluster.h"
#include "agent/deliver/kafka_headers.h"
#include "agent/deliver/kafka_route.h"
#include "agent/deliver/kafka_scatter.h"
#include "agent/deliver/sink.h"
#include "agent/deliver/sink_context.h"
#include "common/process/template.h"

namespace agent::deliver {

// Records to topics. Portions of extents are collected for their partition's batch (KafkaLane) until flush(), or until
// one is full. The plain way of a record costs no call of its own: payloads point into the extent,
// rd_kafka_produce_batch takes many, one partition is chosen for all of an extent. Where records decide by what they
// hold, KafkaScatter divides the extent. Headers cost a call per record.
class KafkaSink : public Sink {
 public:
    KafkaSink(const config::SinkConfig& config, SinkContext context, KafkaCluster& cluster);

    std::unique_ptr<Route> open_route(const FileContext& file) override;
    void deliver(model::ExtentPtr extent, Route& route) override;
    void flush(Flush flush) override;
    bool go_on() override { return scatter_ && scatter_->go_on(); }
    void let_go() override;
    SinkStatus status() const override;

 private:
    struct Gate;

    KafkaTopic& topic(const std::string& name);
    bool is_ready(KafkaRoute& route);
    int choose_partition(const KafkaRoute& route) const;
    void deliver_dead_letter(model::ExtentPtr extent, KafkaRoute& route);
    void collect(model::ExtentPtr extent, KafkaRoute& route, KafkaTopic& topic, int partition);
    void collect(KafkaPortion portion);
    std::size_t bytes_of(const KafkaPortion& portion) const;
    std::string_view key_of(const KafkaPortion& portion, std::size_t record) const;

    void hand_over_batch_of(const KafkaTopic& topic, int partition);
    void hand_over(const KafkaPortion& portion);
    void produce_batch(const KafkaPortion& portion);
    void produce_with_headers(const KafkaPortion& portion);
    rd_kafka_headers_t* headers_of(const KafkaPortion& portion, std::size_t record) const;

    config::SinkConfig config_;
    SinkContext context_;
    KafkaCluster& cluster_;
    process::Template topic_;
    std::optional<process::Template> key_;
    bool has_record_keys_ = false;  // the key reads records
    KafkaHeaders headers_;
    KafkaTopic* dead_letter_topic_ = nullptr;    // with OnReject::dead_letter
    std::optional<KafkaScatter> scatter_;        // where topic or key read records
    std::vector<KafkaPortion> collected_;        // until their batch is handed over
    std::vector<rd_kafka_message_t> batch_;      // reused
    std::map<std::string, KafkaTopic*> topics_;  // but those that records name
};

}  // namespace agent::deliver
