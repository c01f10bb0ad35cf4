#include "agent/deliver/kafka_scatter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "agent/deliver/kafka_partitioner.h"

namespace agent::deliver {

namespace {

using model::RecordTexts;

constexpr const char* kLetGo = "it was still to be sent";

struct LaneHash {
    std::size_t operator()(const std::pair<const KafkaTopic*, int>& lane) const {
        return std::hash<const KafkaTopic*>{}(lane.first) ^
               (static_cast<std::size_t>(lane.second) * 0x9E3779B97F4A7C15U);
    }
};

}  // namespace

KafkaScatter::KafkaScatter(KafkaCluster& cluster, config::Partition partition, KafkaTopic* dead_letters,
                           Collect collect)
    : cluster_(cluster), partition_(partition), dead_letters_(dead_letters), collect_(std::move(collect)) {}

bool KafkaScatter::ready(KafkaRoute& route) const {
    if (route.waiting > 0 || cluster_.is_recovering()) return false;
    if (route.topic && !cluster_.knows(*route.topic)) return false;
    if (route.held_by && !cluster_.knows(*route.held_by)) return false;
    route.held_by = nullptr;
    return std::ranges::all_of(route.lanes, [&](const auto& lane) {
        const auto& [topic, partition] = lane;
        return !cluster_.knows(*topic) || cluster_.has_room(*topic, partition);
    });
}

void KafkaScatter::take(model::ExtentPtr extent, KafkaRoute& route) {
    (void)go_on();  // who has waited comes first
    route.lanes.clear();
    ++route.waiting;
    Waiting waiting{.route = &route, .times_let_go = route.times_let_go, .extent = std::move(extent), .portions = {}};
    if (go_on(waiting) == Step::waits) waiting_.push_back(std::move(waiting));
}

bool KafkaScatter::go_on() {
    const auto before = collected_;
    for (auto& waiting : std::exchange(waiting_, {}))
        if (go_on(waiting) == Step::waits) waiting_.push_back(std::move(waiting));
    return collected_ != before;
}

// What is collected may come back at once, and with it a failure that lets go of what waits on this route.
KafkaScatter::Step KafkaScatter::go_on(Waiting& waiting) {
    if (waiting.is_let_go()) return give_back(waiting, kLetGo);
    if (waiting.extent && divide(waiting) == Step::done) return Step::done;
    if (waiting.extent) return Step::waits;
    auto portions = std::exchange(waiting.portions, {});
    for (auto& portion : portions)
        if (waiting.is_let_go() || !join(portion)) waiting.portions.push_back(std::move(portion));
    if (waiting.is_let_go()) return give_back(waiting, kLetGo);
    for (const auto& portion : waiting.portions)
        if (portion.topic->missing.going_on()) {
            waiting.route->held_by = portion.topic;
            return give_back(waiting, fmt::format("topic {} is gone", portion.topic->name));
        }
    if (!waiting.portions.empty()) return Step::waits;
    --waiting.route->waiting;
    return Step::done;
}

// done: the extent came back. It still has it: a topic is not known yet, and nothing of it goes anywhere.
KafkaScatter::Step KafkaScatter::divide(Waiting& waiting) {
    auto& extent = *waiting.extent;
    const bool is_dead_letter = !extent.dead_letter_why.empty();
    auto* unknown = is_dead_letter ? make_dead_letters(waiting) : make_portions(waiting);
    if (unknown && !unknown->missing.going_on()) return Step::waits;
    if (unknown) {
        const auto why = is_dead_letter
                             ? fmt::format("{} (and the dead-letter topic {} cannot take it now)",
                                           extent.dead_letter_why, unknown->name)
                             : fmt::format("topic {} cannot be used: {}", unknown->name, unknown->missing.why());
        waiting.route->held_by = unknown;
        return give_back(waiting, why);
    }
    extent.unfinished = 0;
    for (const auto& portion : waiting.portions)
        extent.unfinished += static_cast<std::uint32_t>(portion.records.size());
    extent.records = {};
    (void)waiting.extent.release();  // comes back with its last delivery
    return Step::waits;
}

KafkaTopic* KafkaScatter::make_portions(Waiting& waiting) {
    const auto& extent = *waiting.extent;
    auto& route = *waiting.route;
    std::vector<KafkaPortion> portions;
    std::unordered_map<std::pair<const KafkaTopic*, int>, std::size_t, LaneHash> portion_of;
    for (std::size_t i = 0; i < extent.records.size(); ++i) {
        auto& topic = route.topic ? *route.topic : topic_of(extent.texts.at(i, RecordTexts::kTopic));
        if (!cluster_.knows(topic)) return &topic;
        const int partition = partition_of(extent, i, topic, route);
        const auto [found, is_new] = portion_of.try_emplace({&topic, partition}, portions.size());
        if (is_new)
            portions.push_back({.extent = waiting.extent.get(),
                                .route = &route,
                                .topic = &topic,
                                .partition = partition,
                                .records = {}});
        auto& portion = portions[found->second];
        portion.records.push_back(extent.records[i]);
        portion.places.push_back(static_cast<std::uint32_t>(i));
    }
    waiting.portions = std::move(portions);
    return nullptr;
}

// Where only some of the topics may not be written, the records that go there.
KafkaTopic* KafkaScatter::make_dead_letters(Waiting& waiting) {
    if (!cluster_.knows(*dead_letters_)) return dead_letters_;
    const auto& extent = *waiting.extent;
    KafkaPortion letters{.extent = waiting.extent.get(),
                         .route = waiting.route,
                         .topic = dead_letters_,
                         .partition = KafkaPortion::kAnyPartition,
                         .records = {}};
    for (std::size_t i = 0; i < extent.records.size(); ++i)
        if (extent.is_rejected(i)) {
            letters.records.push_back(extent.records[i]);
            letters.places.push_back(static_cast<std::uint32_t>(i));
        }
    waiting.portions.push_back(std::move(letters));
    return nullptr;
}

// What of it was not sent has failed.
KafkaScatter::Step KafkaScatter::give_back(Waiting& waiting, const std::string& why) {
    --waiting.route->waiting;
    if (waiting.extent) cluster_.not_sent(std::move(waiting.extent), why);
    for (auto& portion : std::exchange(waiting.portions, {}))
        cluster_.not_sent(portion.extent, portion.records.size(), why);
    return Step::done;
}

void KafkaScatter::let_go(KafkaRoute& route) {
    ++route.times_let_go;
    (void)go_on();
}

void KafkaScatter::let_go() {
    for (const auto& waiting : waiting_) ++waiting.route->times_let_go;
    (void)go_on();
}

int KafkaScatter::partition_of(const model::Extent& extent, std::size_t record, KafkaTopic& topic,
                               KafkaRoute& route) const {
    switch (partition_) {
        case config::Partition::file: {
            auto& partition = route.partitions.try_emplace(&topic, -1).first->second;
            if (partition < 0 || partition >= topic.partitions)
                partition = partition_of_file(route.file.file_id, topic.partitions);
            return partition;
        }
        case config::Partition::key: {
            const auto key = route.key.empty() ? extent.texts.at(record, RecordTexts::kKey) : route.key;
            return key.empty() ? KafkaPortion::kAnyPartition : partition_of_key(key, topic.partitions);
        }
        case config::Partition::sticky:
            return KafkaPortion::kAnyPartition;
    }
    return KafkaPortion::kAnyPartition;
}

bool KafkaScatter::join(KafkaPortion& portion) {
    if (!cluster_.knows(*portion.topic)) return false;
    const int partition = lane_with_room(portion);
    if (partition == KafkaPortion::kAnyPartition) return false;
    portion.partition = partition;
    portion.route->lanes.emplace_back(portion.topic, partition);
    ++collected_;
    collect_(std::move(portion));
    return true;
}

// kAnyPartition: there is none now.
int KafkaScatter::lane_with_room(const KafkaPortion& portion) const {
    auto& topic = *portion.topic;
    if (portion.partition != KafkaPortion::kAnyPartition)
        return is_free(portion, portion.partition) ? portion.partition : KafkaPortion::kAnyPartition;
    for (int i = 0; i < topic.partitions; ++i) {
        const int partition = (topic.sticky_partition + i) % topic.partitions;
        if (is_free(portion, partition)) return topic.sticky_partition = partition;
    }
    return KafkaPortion::kAnyPartition;
}

bool KafkaScatter::is_free(const KafkaPortion& portion, int partition) const {
    return cluster_.has_room(*portion.topic, partition) &&
           (!portion.route->alone() || portion.topic->lane(partition).is_empty());
}

KafkaTopic& KafkaScatter::topic_of(std::string_view name) {
    if (last_topic_ && last_topic_->name == name) return *last_topic_;
    auto found = topics_.find(name);
    if (found == topics_.end()) {
        std::string its(name);
        auto& topic = cluster_.topic(its);
        found = topics_.emplace(std::move(its), &topic).first;
    }
    return *(last_topic_ = found->second);
}

}  // namespace agent::deliver
