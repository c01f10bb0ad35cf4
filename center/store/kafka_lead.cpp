#include "center/store/kafka_lead.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "center/store/kafka_client.h"
#include "center/store/kafka_topic.h"

namespace center::store {

namespace {

using namespace std::chrono_literals;

constexpr auto kLeadSession = 10'000ms;  // a center that was not heard of for so long does not lead
constexpr auto kPatience = 5'000ms;      // with one request
constexpr auto kRetry = 1'000ms;
constexpr auto kPollTime = 200ms;
constexpr auto kGroupPatience = 15s;
constexpr auto kLookInterval = 10s;  // at the topic, of who does not lead or is in trouble
constexpr auto kSayInterval = 60s;   // between two warnings that the cluster cannot be used

using Clock = std::chrono::steady_clock;

class GroupMember : public KafkaLead {
 public:
    GroupMember(base::EventLoop& loop, const KafkaStoreConfig& config, Listener listener, telemetry::Log& log)
        : loop_(loop), topic_(config.topic), listener_(std::make_shared<Listener>(std::move(listener))), log_(log) {}
    ~GroupMember() override {
        listener_.reset();
        is_closing_ = true;
        if (thread_.joinable()) thread_.join();
    }
    GroupMember(const GroupMember&) = delete;
    GroupMember& operator=(const GroupMember&) = delete;

    base::Result<void> start(const KafkaStoreConfig& config) {
        auto client = make_client(config, {.type = RD_KAFKA_CONSUMER,
                                           .settings = {{"group.id", config.topic},
                                                        {"enable.auto.commit", "false"},
                                                        {"partition.assignment.strategy", "cooperative-sticky"},
                                                        {"session.timeout.ms", std::to_string(kLeadSession.count())},
                                                        {"topic.metadata.refresh.interval.ms", "10000"}},
                                           .on_rebalance = rebalanced,
                                           .on_error = has_failed,
                                           .opaque = this});
        if (!client) return std::unexpected(client.error());
        client_ = std::move(*client);
        rd_kafka_poll_set_consumer(client_.get());
        told_ = listener_;
        thread_ = std::thread([this] { run(); });
        return {};
    }

 private:
    void run() {
        while (!is_closing_ && !look()) std::this_thread::sleep_for(kRetry);
        if (is_closing_ || has_ended_) return;
        const auto topics = topic_list();
        if (const auto error = rd_kafka_subscribe(client_.get(), topics.get()))
            return end(fmt::format("cannot join the group {}: {}", topic_, rd_kafka_err2str(error)));
        answered_at_ = looked_at_ = Clock::now();
        while (!is_closing_) {
            take_errors(kPollTime);
            const auto now = Clock::now();
            if (!leads_ && !was_assigned_ && now - answered_at_ > kGroupPatience)
                say(
                    fmt::format("the group {} does not answer (is __consumer_offsets healthy, and may this center read "
                                "the group?)",
                                topic_));
            if ((leads_ && !in_trouble()) || now - looked_at_ < kLookInterval) continue;
            looked_at_ = now;
            (void)look();
        }
        rd_kafka_consumer_close(client_.get());
    }

    // At the topic, which is made if it is missing. True: it is there, or that is hopeless.
    bool look() {
        const auto ensured = ensure_topic(client_.get(), topic_, kPatience);
        take_errors(0ms);
        if (!ensured && ensured.error().is_for_good) {
            end(ensured.error().why);
            return true;
        }
        if (!ensured) {
            say(why_.empty() ? ensured.error().why : why_);
            return false;
        }
        if (*ensured == TopicWas::made)
            log_.warn("store's topic was missing and is made: the store is empty", {{"topic", topic_}});
        if (was_assigned_) is_well();
        return true;
    }

    struct ListDeleter {
        void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
    };
    std::unique_ptr<rd_kafka_topic_partition_list_t, ListDeleter> topic_list() const {
        auto* topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(topics, topic_.c_str(), RD_KAFKA_PARTITION_UA);
        return std::unique_ptr<rd_kafka_topic_partition_list_t, ListDeleter>(topics);
    }

    // What is read is errors: the partition is paused. rebalanced() is called in here.
    void take_errors(std::chrono::milliseconds patience) {
        while (const Message message{rd_kafka_consumer_poll(client_.get(), static_cast<int>(patience.count()))}) {
            if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) say(rd_kafka_message_errstr(message.get()));
            if (is_closing_) return;
        }
    }

    void say(const std::string& why) {
        const auto now = Clock::now();
        if (now < say_again_ || is_closing_) return;
        say_again_ = now + kSayInterval;
        log_.warn("store's cluster cannot be used: trying again", {{"topic", topic_}, {"error", why}});
    }
    bool in_trouble() const { return say_again_ != Clock::time_point(); }
    void is_well() {
        if (in_trouble()) log_.info("store's cluster answers again", {{"topic", topic_}});
        say_again_ = {};
        why_.clear();
    }

    // "Connect to 127.0.0.1:9092 failed: Connection refused" says more than "all brokers are down".
    static void has_failed(rd_kafka_t* /*client*/, int error, const char* why, void* opaque) {
        auto& self = *static_cast<GroupMember*>(opaque);
        if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
            self.why_ = why;
        else
            self.say(self.why_.empty() ? why : self.why_);
    }

    static void rebalanced(rd_kafka_t* client, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions,
                           void* opaque) {
        auto& self = *static_cast<GroupMember*>(opaque);
        if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
            const KafkaError failed(rd_kafka_incremental_assign(client, partitions));
            if (failed) return self.end("cannot take the partition: " + text_of(failed));
            rd_kafka_pause_partitions(client, partitions);
            self.assigned(partitions->cnt > 0);
        } else {
            const bool is_lost = rd_kafka_assignment_lost(client) != 0;
            const KafkaError failed(rd_kafka_incremental_unassign(client, partitions));
            if (failed) return self.end("cannot give the partition back: " + text_of(failed));
            if (partitions->cnt > 0) self.revoked(is_lost);
        }
    }

    void assigned(bool partition) {
        is_well();
        was_assigned_ = true;
        if (partition) {
            if (has_led_) log_.info("this center leads again", {{"topic", topic_}});
            leads_ = has_led_ = true;
            waiting_said_ = false;
            tell([](Listener& listener) { listener.leads(); });
        } else if (!leads_ && has_led_) {
            end("another center leads");
        } else if (!leads_ && !std::exchange(waiting_said_, true)) {
            log_.info("another center leads: waiting for its end", {{"topic", topic_}});
        }
    }

    void revoked(bool is_lost) {
        leads_ = false;
        if (is_closing_) return;
        if (!is_lost) return end("another center takes the lead");
        log_.warn("cluster has not heard of this center for too long: another one may lead", {{"topic", topic_}});
    }

    void end(std::string why) {
        has_ended_ = true;
        tell([why = std::move(why)](Listener& listener) { listener.ended(why); });
    }

    template <typename Tell>
    void tell(Tell what) {
        loop_.post([listener = told_, what = std::move(what)] {
            if (const auto alive = listener.lock()) what(*alive);
        });
    }

    base::EventLoop& loop_;
    const std::string topic_;
    std::shared_ptr<Listener> listener_;
    std::weak_ptr<Listener> told_;
    telemetry::Log& log_;
    std::atomic<bool> is_closing_ = false;
    // The thread's.
    bool leads_ = false;
    bool has_led_ = false;
    bool has_ended_ = false;
    bool was_assigned_ = false;  // something, or nothing: the group answers
    bool waiting_said_ = false;
    std::string why_;              // the last failure
    Clock::time_point say_again_;  // not set: all is well
    Clock::time_point answered_at_;
    Clock::time_point looked_at_;
    Handle client_;
    std::thread thread_;
};

}  // namespace

base::Result<std::unique_ptr<KafkaLead>> KafkaLead::compete(base::EventLoop& loop, const KafkaStoreConfig& config,
                                                            Listener listener, telemetry::Log& log) {
    auto member = std::make_unique<GroupMember>(loop, config, std::move(listener), log);
    if (auto started = member->start(config); !started) return std::unexpected(started.error());
    return member;
}

}  // namespace center::store
