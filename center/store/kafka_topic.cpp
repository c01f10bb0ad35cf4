#include "center/store/kafka_topic.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace center::store {

namespace {

constexpr int kReplicasWanted = 3;
constexpr std::chrono::milliseconds kMadeRetry{100};

struct MetadataDeleter {
    void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

struct QueueDeleter {
    void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct EventDeleter {
    void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventDeleter>;

struct NewTopicDeleter {
    void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};
struct ResourceDeleter {
    void operator()(rd_kafka_ConfigResource_t* resource) const { rd_kafka_ConfigResource_destroy(resource); }
};

std::unexpected<TopicTrouble> trouble(std::string why, bool is_for_good = false) {
    return std::unexpected(TopicTrouble{std::move(why), is_for_good});
}

std::string because(rd_kafka_resp_err_t error, const char* text) {
    return text ? text : rd_kafka_err2str(error);
}

// The answer to what `ask` asks with the queue that it is given.
template <typename Ask>
Event answer_of(rd_kafka_t* client, std::chrono::milliseconds patience, Ask ask) {
    const std::unique_ptr<rd_kafka_queue_t, QueueDeleter> queue(rd_kafka_queue_new(client));
    ask(queue.get());
    return Event(rd_kafka_queue_poll(queue.get(), static_cast<int>(patience.count())));
}

std::expected<void, TopicTrouble> create(rd_kafka_t* client, const std::string& name, int brokers,
                                         std::chrono::milliseconds patience) {
    const int replicas = std::min(brokers, kReplicasWanted);
    std::array<char, 512> why{};
    const std::unique_ptr<rd_kafka_NewTopic_t, NewTopicDeleter> topic(
        rd_kafka_NewTopic_new(name.c_str(), 1, replicas, why.data(), why.size()));
    if (!topic) return trouble(why.data(), true);
    rd_kafka_NewTopic_set_config(topic.get(), "cleanup.policy", "compact");
    if (replicas == kReplicasWanted) rd_kafka_NewTopic_set_config(topic.get(), "min.insync.replicas", "2");
    const auto event = answer_of(client, patience, [&](rd_kafka_queue_t* queue) {
        std::array<rd_kafka_NewTopic_t*, 1> topics = {topic.get()};
        rd_kafka_CreateTopics(client, topics.data(), topics.size(), nullptr, queue);
    });
    if (!event) return trouble(fmt::format("topic {} cannot be made: no answer", name));
    const auto* result = rd_kafka_event_CreateTopics_result(event.get());
    if (const auto error = rd_kafka_event_error(event.get()))
        return trouble(
            fmt::format("topic {} cannot be made: {}", name, because(error, rd_kafka_event_error_string(event.get()))));
    std::size_t count = 0;
    const auto* const* topics = rd_kafka_CreateTopics_result_topics(result, &count);
    const auto error = count == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__FAIL;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return trouble(
            fmt::format("topic {} cannot be made: {}", name,
                        because(error, count == 1 ? rd_kafka_topic_result_error_string(topics[0]) : nullptr)));
    return {};
}

// A topic that is deleted from by age would lose the config that nobody changes. Who may not ask is believed.
std::expected<void, TopicTrouble> check_policy(rd_kafka_t* client, const std::string& name,
                                               std::chrono::milliseconds patience) {
    const std::unique_ptr<rd_kafka_ConfigResource_t, ResourceDeleter> resource(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    const auto event = answer_of(client, patience, [&](rd_kafka_queue_t* queue) {
        std::array<rd_kafka_ConfigResource_t*, 1> resources = {resource.get()};
        rd_kafka_DescribeConfigs(client, resources.data(), resources.size(), nullptr, queue);
    });
    if (!event) return trouble(fmt::format("topic {} cannot be looked at: no answer", name));
    if (const auto error = rd_kafka_event_error(event.get()))
        return trouble(fmt::format("topic {} cannot be looked at: {}", name,
                                   because(error, rd_kafka_event_error_string(event.get()))));
    std::size_t count = 0;
    const auto* const* resources =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    if (count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    std::size_t entries_count = 0;
    const auto* const* entries = rd_kafka_ConfigResource_configs(resources[0], &entries_count);
    for (std::size_t i = 0; i < entries_count; ++i) {
        const std::string_view key = rd_kafka_ConfigEntry_name(entries[i]);
        const char* text = rd_kafka_ConfigEntry_value(entries[i]);
        const std::string_view value = text ? text : "";
        if (key == "cleanup.policy" && value != "compact")
            return trouble(fmt::format("topic {} has cleanup.policy = {} and would forget what is not changed for long "
                                       "(set it to compact)",
                                       name, value),
                           true);
        if (key == "max.message.bytes" && text && std::strtoull(text, nullptr, 10) < kTopicRecordBytesMin)
            return trouble(fmt::format("topic {} has max.message.bytes = {} (a store needs at least {})", name, value,
                                       kTopicRecordBytesMin),
                           true);
    }
    return {};
}

struct Seen {
    bool is_there = false;
    int brokers = 0;
};

std::expected<Seen, TopicTrouble> look_at(rd_kafka_t* client, const std::string& name,
                                          std::chrono::milliseconds patience) {
    const TopicHandle topic(rd_kafka_topic_new(client, name.c_str(), nullptr));
    if (!topic) return trouble(fmt::format("topic {}: {}", name, rd_kafka_err2str(rd_kafka_last_error())), true);
    const rd_kafka_metadata_t* raw = nullptr;
    if (const auto error = rd_kafka_metadata(client, 0, topic.get(), &raw, static_cast<int>(patience.count())))
        return trouble(rd_kafka_err2str(error));
    const Metadata metadata(raw);
    const auto& about = metadata->topics[0];
    if (about.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || about.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
        return Seen{.brokers = metadata->broker_cnt};
    if (about.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return trouble(fmt::format("topic {}: {}", name, rd_kafka_err2str(about.err)));
    if (about.partition_cnt != 1)
        return trouble(
            fmt::format("topic {} has {} partitions (a store needs exactly 1, so that changes have an order)", name,
                        about.partition_cnt),
            true);
    if (auto checked = check_policy(client, name, patience); !checked) return std::unexpected(checked.error());
    return Seen{.is_there = true, .brokers = metadata->broker_cnt};
}

}  // namespace

std::expected<TopicWas, TopicTrouble> ensure_topic(rd_kafka_t* client, const std::string& name,
                                                   std::chrono::milliseconds patience) {
    auto seen = look_at(client, name, patience);
    const bool is_missing = seen && !seen->is_there;
    if (is_missing)
        if (auto made = create(client, name, seen->brokers, patience); !made) return std::unexpected(made.error());
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (seen && !seen->is_there && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(kMadeRetry);
        seen = look_at(client, name, patience);
    }
    if (!seen) return std::unexpected(seen.error());
    if (!seen->is_there) return trouble(fmt::format("topic {} was made, but is not there yet", name));
    return is_missing ? TopicWas::made : TopicWas::there;
}

}  // namespace center::store
