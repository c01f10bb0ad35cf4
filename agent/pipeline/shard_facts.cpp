// What the control thread tells a shard.
#include <algorithm>
#include <utility>

#include "agent/pipeline/shard.h"
#include "common/base/assert.h"

namespace agent::pipeline {

namespace {

constexpr std::uint64_t kSweepsForClosed = 3;  // in so many, each closed file is looked at once

}  // namespace

base::Result<deliver::KafkaCluster*> Shard::cluster(const config::ClusterConfig& config) {
    auto& cluster = clusters_[config.name];
    if (cluster && cluster->config() != config) leaving_.push_back(std::move(cluster));
    if (!cluster) {
        auto made = deliver::KafkaCluster::create(loop_, config, *this, log_);
        if (!made) {
            clusters_.erase(config.name);
            return std::unexpected(made.error());
        }
        cluster = std::move(*made);
    }
    return cluster.get();
}

base::Result<void> Shard::rehearse(const config::ClusterConfig& config) {
    if (const auto present = clusters_.find(config.name);
        present != clusters_.end() && present->second->config() == config)
        return {};
    if (auto made = deliver::KafkaCluster::create(loop_, config, *this, log_); !made)
        return std::unexpected(made.error());
    return {};
}

void Shard::drop_unused_clusters() {
    for (auto it = clusters_.begin(); it != clusters_.end();) {
        const bool used =
            std::ranges::any_of(rotation_, [&](const auto* p) { return p->config.sink.cluster == it->first; });
        it = used ? std::next(it) : clusters_.erase(it);
    }
    leaving_.clear();  // their pipelines were retired: nothing is in flight
}

void Shard::add(std::unique_ptr<Pipeline> pipeline) {
    auto& added = pipelines_[pipeline->config.name];
    AGENT_ASSERT(!added);
    added = std::move(pipeline);
    rotation_.push_back(added.get());
    share_budget();
}

void Shard::follow(const std::string& name, TailStart start) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end() || found->second->retiring) return;
    auto& pipeline = *found->second;
    if (start.fd && !start.is_copy) start.fd = open_files_.share(start.identity, std::move(start.fd));
    const auto id = start.id;
    auto& tail = *(pipeline.tails[id] = std::make_unique<Tail>(std::move(start), pipeline.framing.line_limit,
                                                               pipeline.framing.encoding));
    pipeline_of_tail_[id] = &pipeline;
    tail.grown_at = loop_.now();
    join_generations(pipeline, tail);
    if (tail.reader.is_open()) begin(pipeline, tail);
    make_ready(pipeline, tail);
}

void Shard::begin(Pipeline& pipeline, Tail& tail) {
    const auto checkpoint = tail.checkpoint_before();
    if (const auto loss = tail.begin()) pipeline.probe.checkpoint_mismatched(tail.path, *loss);
    if (checkpoint && checkpoint->file != tail.identity)  // its device has got another number
        checkpoints_.write({.changes = {{{pipeline.config.name, checkpoint->file}, std::nullopt}}, .looked = {}},
                           checkpoint::Durability::host);
    tail.route = pipeline.sink->open_route({.path = tail.origin_path, .file_id = tail.file_id()});
    pipeline.probe.file_opened(tail.path, tail.file_id(), tail.watermark.offset);
}

void Shard::wake(const std::vector<model::TailId>& tails) {
    for (const auto id : tails)
        if (auto* pipeline = pipeline_of(id)) wake(*pipeline, *pipeline->tails.at(id));
}

// Of the closed files, which no event told of, a part each time.
void Shard::look_at_all(discover::Sweep sweep) {
    ++sweeps_;
    for (auto* pipeline : rotation_)
        for (auto& [id, tail] : pipeline->tails) {
            const bool is_its_turn = (id.value + sweeps_) % kSweepsForClosed == 0;
            if (is_its_turn || !tail->closed_as() || sweep == discover::Sweep::events_lost) wake(*pipeline, *tail);
        }
}

void Shard::wake(Pipeline& pipeline, Tail& tail) {
    *tail.woken = false;
    if (tail.given_up || is_asleep(tail)) return;
    // At once, whatever its turn has to wait for: until then it may be gone.
    if (!descriptors_short_ && open_file(pipeline, tail) == Opened::no) return;
    make_ready(pipeline, tail);
}

void Shard::moved(model::TailId id, const std::string& path) {
    auto* pipeline = pipeline_of(id);
    if (!pipeline) return;
    auto& tail = *pipeline->tails.at(id);
    const auto before = open_files_.state(tail.path);
    if (tail.path != path && !(before && before->may_be_of(tail.identity))) {  // else it lost another of its names
        tail.was_at_end = false;
        if (!std::exchange(tail.rotated, true)) pipeline->probe.file_rotated(tail.path, path, tail.file_id());
        tail.path = path;
    }
    if (std::exchange(tail.left, false)) std::erase(pipeline->left, &tail);
    tail.dirty = true;
    if (!tail.reader.is_open()) wake(*pipeline, tail);
}

void Shard::left(model::TailId id) {
    auto* pipeline = pipeline_of(id);
    if (!pipeline) return;
    auto& tail = *pipeline->tails.at(id);
    if (!tail.reader.is_open() && !tail.given_up) {
        auto fd = open_files_.held(tail.identity);
        if (!fd) fd = open_files_.open_by_handle(tail.identity, tail.handle(), tail.path);
        if (!fd) return lose_closed_file(*pipeline, tail);
        file_opened(*pipeline, tail, std::move(fd));
    }
    if (!std::exchange(tail.left, true)) pipeline->left.push_back(&tail);
    tail.left_at = tail.grown_at = loop_.now();
    tail.was_at_end = false;
    if (!tail.is_copy) pipeline->probe.file_left(tail.path, tail.lag_bytes());
    make_ready(*pipeline, tail);
}

void Shard::file_missing(const std::string& name, const model::Checkpoint& checkpoint) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return;
    auto& pipeline = *found->second;
    pipeline.probe.file_missing(checkpoint);
    const auto bytes = checkpoint.unread_bytes();
    pipeline.finished.seen += bytes;
    pipeline.finished.lost_for(model::LossReason::deleted_while_stopped) += bytes;
}

void Shard::set_limits(const config::AgentConfig& agent) {
    budget_.resize(agent.memory_limit);
    rate_ = RateLimiter(agent.rate_limit);
    cpu_ = CpuLimiter(agent.cpu_limit);
    deleted_bytes_max_ = agent.deleted_bytes_max;
    share_budget();
    schedule_turns();
}

// So that the trouble of one pipeline leaves room for all others.
void Shard::share_budget() {
    if (rotation_.empty()) return;
    const auto share = std::clamp(budget_.bytes_max() / rotation_.size(), kInFlightBytesMin, kInFlightBytesMax);
    for (auto* pipeline : rotation_) pipeline->window.resize(share);
}

Pipeline* Shard::pipeline_of(model::TailId tail) {
    const auto found = pipeline_of_tail_.find(tail);
    return found == pipeline_of_tail_.end() ? nullptr : found->second;
}

base::Result<IsFollowed> Shard::set_offset(const std::string& name, const model::FileIdentity& file,
                                           model::FileOffset offset) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return IsFollowed::no;
    for (auto& [id, tail] : found->second->tails) {
        if (tail->identity != file || tail->given_up) continue;
        if (open_file(*found->second, *tail) != Opened::yes) return base::fail("cannot open {} now", tail->path);
        if (const auto about = tail->reader.look(); about && offset.value > about->size)
            return base::fail("cannot read {} from {} on: it has {} bytes", tail->path, offset.value, about->size);
        tail->go_to = offset;
        if (!tail->has_in_flight()) settle(*found->second, *tail);
        return IsFollowed::yes;
    }
    return IsFollowed::no;
}

}  // namespace agent::pipeline
