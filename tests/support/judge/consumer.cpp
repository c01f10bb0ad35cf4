#include "tests/support/judge/consumer.h"

#include <array>
#include <fstream>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

namespace judge {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kRecordsPerPoll = 5000;

template <auto destroy>
struct Destroy {
    void operator()(auto* object) const { destroy(object); }
};
using Consumer = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_destroy>>;

std::expected<Consumer, std::string> make_consumer(const ConsumeOptions& options) {
    std::map<std::string, std::string> properties = {
        {"bootstrap.servers", options.brokers}, {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "20"},       {"queued.min.messages", "100000"},
        {"fetch.max.bytes", "16777216"},        {"max.partition.fetch.bytes", "4194304"},
        {"enable.partition.eof", "false"},      {"log_level", "2"},  // lost brokers are part of the tests
    };
    for (const auto& [key, value] : options.properties) properties[key] = value;

    std::array<char, 512> error{};
    auto* conf = rd_kafka_conf_new();
    for (const auto& [key, value] : properties) {
        if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error.data(), error.size()) != RD_KAFKA_CONF_OK) {
            rd_kafka_conf_destroy(conf);
            return std::unexpected{std::string{error.data()}};
        }
    }
    Consumer consumer{rd_kafka_new(RD_KAFKA_CONSUMER, conf, error.data(), error.size())};
    if (!consumer) {
        rd_kafka_conf_destroy(conf);
        return std::unexpected{fmt::format("cannot make a consumer: {}", error.data())};
    }
    return consumer;
}

// 0: not known, or not yet.
int partitions_of(rd_kafka_t* consumer, rd_kafka_topic_t* topic) {
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(consumer, 0, topic, &metadata, 2000) != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    const int partitions = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR
                               ? metadata->topics[0].partition_cnt
                               : 0;
    rd_kafka_metadata_destroy(metadata);
    return partitions;
}

// One topic's partitions, all read into the queue while this lives.
class Subscription {
 public:
    Subscription(rd_kafka_t* consumer, const std::string& name)
        : topic_{rd_kafka_topic_new(consumer, name.c_str(), nullptr)} {}
    Subscription(Subscription&&) = default;
    Subscription& operator=(Subscription&&) = delete;
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription() {
        for (int partition = 0; topic_ && partition < partitions_; ++partition) {
            rd_kafka_consume_stop(topic_.get(), partition);
        }
    }

    bool start(rd_kafka_t* consumer, rd_kafka_queue_t* queue) {
        const int partitions = partitions_of(consumer, topic_.get());
        for (; partitions_ < partitions; ++partitions_) {
            if (rd_kafka_consume_start_queue(topic_.get(), partitions_, RD_KAFKA_OFFSET_BEGINNING, queue) != 0) {
                return false;
            }
        }
        return partitions > 0;
    }

 private:
    Topic topic_;
    int partitions_ = 0;
};

void poll_once(rd_kafka_queue_t* queue, std::chrono::milliseconds timeout,
               const std::function<void(std::string_view)>& take) {
    static std::array<rd_kafka_message_t*, kRecordsPerPoll> messages{};
    const auto count =
        rd_kafka_consume_batch_queue(queue, static_cast<int>(timeout.count()), messages.data(), messages.size());
    for (ssize_t n = 0; n < count; ++n) {
        auto* message = messages.at(static_cast<std::size_t>(n));
        // An error here tells of a broker that is away; librdkafka goes on by itself.
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            take({static_cast<const char*>(message->payload), message->len});
        }
        rd_kafka_message_destroy(message);
    }
}

}  // namespace

std::expected<void, std::string> consume(const ConsumeOptions& options,
                                         const std::function<void(std::string_view)>& take,
                                         const std::function<bool()>& finished) {
    const auto deadline = Clock::now() + options.timeout;
    const auto consumer = make_consumer(options);
    if (!consumer) return std::unexpected{consumer.error()};
    const Queue queue{rd_kafka_queue_new(consumer->get())};
    std::vector<Subscription> subscriptions;
    for (const auto& name : options.topics) {
        auto& subscription = subscriptions.emplace_back(consumer->get(), name);
        while (!subscription.start(consumer->get(), queue.get())) {
            if (finished()) return {};
            if (Clock::now() > deadline) return std::unexpected{fmt::format("cannot find topic {}", name)};
            std::this_thread::sleep_for(options.poll);
        }
    }
    while (!finished() && Clock::now() < deadline) poll_once(queue.get(), options.poll, take);
    return {};
}

std::expected<void, std::string> read_lines(const std::filesystem::path& path,
                                            const std::function<void(std::string_view)>& take) {
    std::ifstream file{path, std::ios::binary};
    if (!file) return std::unexpected{fmt::format("cannot read {}", path.string())};
    for (std::string text; std::getline(file, text);) take(text);
    return {};
}

}  // namespace judge
