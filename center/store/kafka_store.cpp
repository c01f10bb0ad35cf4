#include "center/store/kafka_store.h"

#include <atomic>
#include <chrono>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "center/store/kafka_client.h"
#include "center/store/kafka_topic.h"
#include "center/store/queued_store.h"

namespace center::store {

namespace {

using namespace std::chrono_literals;

constexpr auto kOpenPatience = 15'000ms;     // with fencing, and with reading that stands still
constexpr auto kTransactionTime = 60'000ms;  // Kafka ends one that is open for longer
constexpr auto kSilentPatience = 1'000ms;    // … with a cluster that did not answer to the one before
constexpr auto kDeliverPatience = 5'000ms;   // a write that is not acknowledged by then has failed
constexpr auto kOutcomePatience = 60'000ms;  // until that is known
constexpr auto kCommitPatience = 1'000ms;    // between two looks whether the store closes
constexpr auto kReadPatience = 200ms;
constexpr int kPartition = 0;

using Entries = std::map<std::string, std::string, std::less<>>;

void apply(Entries& entries, std::string_view key, const std::optional<std::string>& value) {
    if (value)
        entries.insert_or_assign(std::string(key), *value);
    else
        entries.erase(std::string(key));
}

// Everything that was committed, in its order.
class Reading {
 public:
    Reading(rd_kafka_t* client, const std::string& topic)
        : topic_(rd_kafka_topic_new(client, topic.c_str(), nullptr)) {}
    ~Reading() {
        if (is_started_) rd_kafka_consume_stop(topic_.get(), kPartition);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    base::Result<Entries> all() {
        if (!topic_ || rd_kafka_consume_start(topic_.get(), kPartition, RD_KAFKA_OFFSET_BEGINNING) != 0)
            return base::fail("{}", rd_kafka_err2str(rd_kafka_last_error()));
        is_started_ = true;
        Entries entries;
        auto stands_since = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - stands_since < kOpenPatience) {
            const Message message(rd_kafka_consume(topic_.get(), kPartition, static_cast<int>(kReadPatience.count())));
            if (!message) continue;
            if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return entries;
            if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                why_ = rd_kafka_message_errstr(message.get());
                continue;
            }
            if (message->key_len == 0) return base::fail("offset {} has no key: it is no store's", message->offset);
            take(*message, entries);
            stands_since = std::chrono::steady_clock::now();
        }
        return base::fail("{}", why_);
    }

 private:
    static void take(const rd_kafka_message_t& message, Entries& entries) {
        const std::string_view key(static_cast<const char*>(message.key), message.key_len);
        std::optional<std::string> value;
        if (message.payload) value.emplace(static_cast<const char*>(message.payload), message.len);
        apply(entries, key, value);
    }

    TopicHandle topic_;
    bool is_started_ = false;
    std::string why_ = "no answer";
};

class KafkaBackend : public Backend {
 public:
    KafkaBackend(Handle producer, const std::string& topic, Entries entries, std::function<void(std::string)> fenced)
        : producer_(std::move(producer)),
          topic_(rd_kafka_topic_new(producer_.get(), topic.c_str(), nullptr)),
          entries_(std::move(entries)),
          fenced_(std::move(fenced)) {}

    base::Result<void> load(std::string_view prefix, const Store::Visit& visit) override {
        for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.starts_with(prefix); ++it)
            if (auto visited = visit(it->first, it->second); !visited) return visited;
        return {};
    }

    base::Result<std::vector<Entry>> read(const Range& range) override {
        const auto end_of_prefix = entries_.lower_bound(range.prefix + '\xFF');  // which is in no key of ours
        auto begin = entries_.lower_bound(range.prefix);
        auto end = end_of_prefix;
        std::vector<Entry> found;
        if (range.order == Order::ascending) {
            if (!range.after.empty()) begin = entries_.upper_bound(range.after);
            for (; begin != end && found.size() < range.count_max; ++begin)
                found.push_back({.key = begin->first, .value = begin->second});
        } else {
            if (!range.after.empty()) end = entries_.lower_bound(range.after);
            while (end != begin && found.size() < range.count_max) {
                --end;
                found.push_back({.key = end->first, .value = end->second});
            }
        }
        return found;
    }

    base::Result<void> write(const Batch& batch) override {
        if (is_fenced_) return base::fail("this center does not lead any more");
        if (is_aborting_)
            if (auto aborted = abort(); !aborted) return aborted;
        const bool is_after_abort = std::exchange(is_after_abort_, false);
        auto written = transact(batch);
        // What librdkafka holds against the first records behind an abort may be about those before it.
        if (!written && is_after_abort && !is_fenced_ && !is_aborting_ && !is_silent_) written = transact(batch);
        if (!written) return written;
        for (const auto& [key, value] : batch) apply(entries_, key, value);
        return {};
    }

    void interrupt() override { is_closing_ = true; }

 private:
    base::Result<void> transact(const Batch& batch) {
        if (const KafkaError failed{rd_kafka_begin_transaction(producer_.get())}) return failed_for_good(failed);
        for (const auto& [key, value] : batch)
            if (auto sent = send(key, value); !sent) return give_up(sent.error().message);
        const auto patience = is_silent_ ? kSilentPatience : kDeliverPatience;
        is_silent_ = rd_kafka_flush(producer_.get(), static_cast<int>(patience.count())) != RD_KAFKA_RESP_ERR_NO_ERROR;
        if (is_silent_) return give_up("the cluster does not answer");
        return commit();
    }

    base::Result<void> send(const std::string& key, const std::optional<std::string>& value) {
        auto* bytes = value ? const_cast<char*>(value->data()) : nullptr;  // none: a tombstone
        if (rd_kafka_produce(topic_.get(), kPartition, RD_KAFKA_MSG_F_COPY, bytes, value ? value->size() : 0,
                             key.data(), key.size(), nullptr) != 0)
            return base::fail("{}", rd_kafka_err2str(rd_kafka_last_error()));
        return {};
    }

    // Until its outcome is known.
    base::Result<void> commit() {
        const auto deadline = std::chrono::steady_clock::now() + kOutcomePatience;
        do {
            const KafkaError failed(
                rd_kafka_commit_transaction(producer_.get(), static_cast<int>(kCommitPatience.count())));
            if (!failed) return {};
            const auto code = rd_kafka_error_code(failed.get());
            const bool is_forgotten =
                code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING || code == RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID;
            if (is_forgotten) return failed_for_good(failed);  // or librdkafka would take a new id, and fence nobody
            if (rd_kafka_error_txn_requires_abort(failed.get())) return give_up(text_of(failed));
            if (!rd_kafka_error_is_retriable(failed.get())) return failed_for_good(failed);
        } while (!is_closing_ && std::chrono::steady_clock::now() < deadline);
        return failed_for_good("the cluster does not answer, and what became of a change is not known");
    }

    base::Result<void> give_up(const std::string& why) {
        is_aborting_ = is_after_abort_ = true;
        (void)abort();
        return base::fail("{}", why);
    }

    // Tries once: what is written meanwhile fails at once.
    base::Result<void> abort() {
        const KafkaError failed(rd_kafka_abort_transaction(producer_.get(), static_cast<int>(kCommitPatience.count())));
        is_aborting_ = failed != nullptr;
        if (!failed) return {};
        if (!rd_kafka_error_is_retriable(failed.get())) return failed_for_good(failed);
        return base::fail("the cluster does not answer");
    }

    base::Result<void> failed_for_good(const KafkaError& error) {
        const auto code = rd_kafka_error_code(error.get());
        const bool is_fenced = code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
                               code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
        return failed_for_good(fmt::format(
            "{}: {}",
            is_fenced ? "another center has taken over the store" : "this center cannot be sure of its store any more",
            text_of(error)));
    }

    base::Result<void> failed_for_good(const std::string& why) {
        is_fenced_ = true;
        fenced_(why);
        return base::fail("{}", why);
    }

    Handle producer_;
    TopicHandle topic_;
    Entries entries_;
    std::function<void(std::string)> fenced_;
    bool is_fenced_ = false;
    bool is_aborting_ = false;     // a transaction that failed is still open
    bool is_after_abort_ = false;  // nothing was written since
    bool is_silent_ = false;       // the cluster did not answer to the last write
    std::atomic<bool> is_closing_ = false;
};

base::Result<Handle> make_producer(const KafkaStoreConfig& config) {
    return make_client(config, {.type = RD_KAFKA_PRODUCER,
                                .settings = {{"transactional.id", config.topic},
                                             {"transaction.timeout.ms", std::to_string(kTransactionTime.count())},
                                             {"message.max.bytes", std::to_string(kRecordBytesMax)}}});
}

base::Result<Handle> fence(const KafkaStoreConfig& config) {
    auto producer = make_producer(config);
    if (!producer) return producer;
    const KafkaError failed(rd_kafka_init_transactions(producer->get(), static_cast<int>(kOpenPatience.count())));
    if (failed)
        return base::fail("cannot take it over: {} (is __transaction_state of this cluster healthy?)", text_of(failed));
    return producer;
}

base::Result<Entries> read_all(const KafkaStoreConfig& config) {
    auto consumer = make_client(config, {.type = RD_KAFKA_CONSUMER,
                                         .settings = {{"group.id", config.topic},
                                                      {"enable.auto.commit", "false"},
                                                      {"enable.partition.eof", "true"},
                                                      {"isolation.level", "read_committed"}}});
    if (!consumer) return std::unexpected(consumer.error());
    auto entries = Reading(consumer->get(), config.topic).all();
    if (!entries) return base::fail("cannot read it: {}", entries.error().message);
    return entries;
}

}  // namespace

base::Result<void> rehearse(const KafkaStoreConfig& config) {
    auto producer = make_producer(config);
    if (!producer) return base::fail("cannot use the properties of the store: {}", producer.error().message);
    return {};
}

base::Result<std::unique_ptr<Store>> open_kafka_store(base::EventLoop& loop, const KafkaStoreConfig& config,
                                                      std::function<void(std::string)> fenced) {
    const auto cannot = [&](const base::Error& error) {
        return base::fail("cannot open the store in topic {}: {}", config.topic, error.message);
    };
    auto producer = fence(config);
    if (!producer) return cannot(producer.error());
    auto entries = read_all(config);
    if (!entries) return cannot(entries.error());
    Revision last = 0;
    if (const auto found = entries->find(kRevisionKey); found != entries->end()) {
        const auto revision = parse_revision(found->second);
        if (!revision) return cannot(revision.error());
        last = *revision;
    } else if (!entries->empty()) {
        return cannot({.message = "it has records that are no store's"});
    }
    auto tell = [&loop, fenced = std::move(fenced)](const std::string& why) {
        loop.post([fenced, why] { fenced(why); });
    };
    auto backend =
        std::make_unique<KafkaBackend>(std::move(*producer), config.topic, std::move(*entries), std::move(tell));
    return make_queued_store(loop, std::move(backend), last);
}

}  // namespace center::store
