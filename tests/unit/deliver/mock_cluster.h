// A Kafka sink on librdkafka's mock cluster, on the test's own thread, and what arrives there.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "agent/deliver/kafka_sink.h"
#include "tests/unit/support/run_loop.h"

namespace agent::deliver {

// One record as it is to be sent, with the texts that its templates made.
struct Filled {
    std::string line;
    std::string topic;
    std::string key = {};
};

class MockWorld : public model::DeliveryListener {
 public:
    MockWorld(config::SinkConfig sink_config, const std::map<std::string, int>& topics)
        : config(std::move(sink_config)) {
        const config::ClusterConfig cluster_config{
            .name = "main", .brokers = {"127.0.0.1:1"}, .properties = {{"test.mock.num.brokers", "1"}}};
        auto made = KafkaCluster::create(loop, cluster_config, *this, log);
        EXPECT_TRUE(made) << made.error().message;
        cluster = std::move(*made);
        mock = rd_kafka_handle_mock_cluster(cluster->handle());
        for (const auto& [name, partitions] : topics)
            EXPECT_EQ(rd_kafka_mock_topic_create(mock, name.c_str(), partitions, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
        sink = std::make_unique<KafkaSink>(
            config, SinkContext{.labels = {}, .host = "h", .pipeline = "p", .session = "s"}, *cluster);
        route = sink->open_route({.path = "/a.log", .file_id = "1-2-3"});
    }
    MockWorld(const MockWorld&) = delete;
    MockWorld& operator=(const MockWorld&) = delete;
    ~MockWorld() override {
        cluster->let_go();
        EXPECT_TRUE(until([&] { return cluster->idle(); }));
    }

    void extent_finished(model::ExtentPtr extent) override { finished.push_back(std::move(extent)); }
    void sink_ready() override {
        if (sink && sink->go_on()) sink->flush(Flush::nothing_left);
    }

    void set_missing(const std::string& name, bool missing) {
        rd_kafka_mock_topic_set_error(mock, name.c_str(),
                                      missing ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    bool until(const std::function<bool()>& true_now) {
        return test::run_until(loop, true_now, std::chrono::seconds(20));
    }
    bool until_ready() {
        return until([&] { return route->ready(); });
    }
    bool until_finished(std::size_t extents) {
        return until([&] { return finished.size() == extents; });
    }

    model::ExtentPtr extent_of(const std::vector<Filled>& records) {
        auto extent = std::make_unique<model::Extent>();
        extent->texts.begin(model::RecordTexts::kFirstHeader, records.size());
        std::uint64_t at = 0;
        for (const auto& [line, topic, key] : records) {
            const auto& kept = extent->arena.emplace_back(line);
            extent->records.push_back({.data = kept.data(),
                                       .size = static_cast<std::uint32_t>(kept.size()),
                                       .begin = {at},
                                       .end = {at + kept.size() + 1}});
            at += kept.size() + 1;
            for (const auto& text : {topic, key}) {
                extent->texts.open() += text;
                extent->texts.close();
            }
        }
        extent->end = {at};
        extent->record_count = extent->unfinished = static_cast<std::uint32_t>(records.size());
        return extent;
    }
    void deliver(const std::vector<Filled>& records) {
        sink->deliver(extent_of(records), *route);
        sink->flush(Flush::nothing_left);
    }

    struct Arrived {
        std::string line;
        std::string key;
        bool has_key;
    };
    // What each partition of a topic has.
    std::map<int, std::vector<Arrived>> arrived(const std::string& topic, int partitions, std::size_t expected) {
        std::map<int, std::vector<Arrived>> found;
        auto* conf = rd_kafka_conf_new();
        rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock), nullptr, 0);
        rd_kafka_conf_set(conf, "group.id", "test", nullptr, 0);
        rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", nullptr, 0);
        auto* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
        auto* assigned = rd_kafka_topic_partition_list_new(partitions);
        for (int i = 0; i < partitions; ++i)
            rd_kafka_topic_partition_list_add(assigned, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
        rd_kafka_assign(consumer, assigned);
        rd_kafka_topic_partition_list_destroy(assigned);
        for (std::size_t count = 0; count < expected;) {
            auto* message = rd_kafka_consumer_poll(consumer, 10'000);
            if (!message) break;
            if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                ++count;
                const auto text = [](const void* bytes, std::size_t size) {
                    return std::string(static_cast<const char*>(bytes), size);
                };
                found[message->partition].push_back(
                    {.line = text(message->payload, message->len),
                     .key = message->key ? text(message->key, message->key_len) : std::string(),
                     .has_key = message->key != nullptr});
            }
            rd_kafka_message_destroy(message);
        }
        rd_kafka_destroy(consumer);
        return found;
    }
    // Of a topic with one partition.
    std::vector<std::string> lines(const std::string& topic, std::size_t expected) {
        std::vector<std::string> found;
        const auto all = arrived(topic, 1, expected);
        for (const auto& [partition, records] : all)
            for (const auto& one : records) found.push_back(one.line);
        return found;
    }

    config::SinkConfig config;
    base::EventLoop loop;
    telemetry::Log log{{.level = config::LogLevel::error, .format = config::LogFormat::text}};
    std::vector<model::ExtentPtr> finished;
    std::unique_ptr<KafkaCluster> cluster;
    rd_kafka_mock_cluster_t* mock = nullptr;
    std::unique_ptr<KafkaSink> sink;
    std::unique_ptr<Route> route;
};

}  // namespace agent::deliver
