// Checkpoints, and how a pipeline or the whole shard ends.
#include <algorithm>
#include <utility>

#include "agent/pipeline/shard.h"

namespace agent::pipeline {

namespace {

// How far a file was seen to go matters when it is deleted before it is read.
bool lags_and_has_grown(Tail& tail, bool at_an_end) {
    return (at_an_end || tail.state != Tail::State::idle) && !tail.given_up && tail.has_grown();
}

}  // namespace

void Shard::store_checkpoints(checkpoint::Durability durability) {
    unstored_bytes_ = 0;
    checkpoint::CheckpointBatch batch;
    for (auto* pipeline : rotation_) {
        for (auto& [id, tail] : pipeline->tails) {
            const bool is_stale =
                std::exchange(tail->dirty, false) || lags_and_has_grown(*tail, draining_ || pipeline->retiring);
            if (is_stale && tail->has_begun())
                batch.changes[{pipeline->config.name, tail->identity}] = tail->checkpoint();
        }
        pipeline->probe.set_in_flight(pipeline->window.bytes(), pipeline->window.bytes_max());
    }
    checkpoints_.write(std::move(batch), durability);
}

void Shard::retire(const std::string& name, Successor successor, std::chrono::milliseconds patience, Retired retired) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return retired({});
    auto& pipeline = *found->second;
    pipeline.retiring = true;
    pipeline.successor = successor;
    pipeline.retired = std::move(retired);
    pipeline.patience = std::make_unique<base::Timer>(loop_);
    pipeline.patience->after(patience, [&pipeline, this] {
        log_.warn("pipeline did not drain: what is in flight is read again later",
                  {{"pipeline", pipeline.config.name}, {"in_flight_bytes", pipeline.window.bytes()}});
        pipeline.sink->let_go();
        for (auto& [cluster_name, cluster] : clusters_)
            if (cluster_name == pipeline.config.sink.cluster) cluster->let_go();
    });
    try_to_retire(pipeline);
}

void Shard::try_to_retire(Pipeline& pipeline) {
    if (pipeline.window.bytes() > 0 || !pipeline.retired) return;
    // Not from within a delivery of this very pipeline.
    loop_.post([this, name = pipeline.config.name, retired = std::exchange(pipeline.retired, nullptr)]() mutable {
        auto& leaving = *pipelines_.at(name);
        if (leaving.successor == Successor::no) give_up_unseen_files(leaving);
        store_checkpoints(checkpoint::Durability::host);
        std::vector<StillOpen> files;
        for (const auto& [id, tail] : leaving.tails) {
            pipeline_of_tail_.erase(id);
            if (tail->reader.is_open())
                files.push_back({.identity = tail->identity,
                                 .origin_path = tail->origin_path,
                                 .path = tail->path,
                                 .fd = tail->reader.file(),
                                 .is_copy = tail->is_copy,
                                 .fields = tail->fields});
        }
        leaving.probe.set_open_files(0);
        std::erase(rotation_, &leaving);
        pipelines_.erase(name);
        share_budget();
        retired(std::move(files));
    });
}

// Nobody else will read them; but what was unpacked is still there, packed.
void Shard::give_up_unseen_files(Pipeline& pipeline) {
    for (auto* tail : std::vector(pipeline.left)) {
        if (tail->is_copy) continue;
        const auto about = tail->reader.look();
        if (!about || !about->deleted || tail->lag_bytes() == 0) continue;
        pipeline.probe.file_let_go(tail->path, tail->give_up());
        close_tail(pipeline, *tail, true);
    }
}

void Shard::drain(std::chrono::milliseconds patience, base::Task drained) {
    draining_ = true;
    drained_ = std::move(drained);
    patience_timer_.after(patience, [this] {
        log_.warn("drain took too long: what is in flight is read again by the next start",
                  {{"in_flight_bytes", budget_.bytes()}});
        for (auto* pipeline : rotation_) pipeline->sink->let_go();
        for (auto& [name, cluster] : clusters_) cluster->let_go();
    });
    check_drained();
}

void Shard::check_drained() {
    if (budget_.bytes() > 0 || !drained_) return;
    patience_timer_.cancel();
    loop_.post([this, drained = std::exchange(drained_, nullptr)]() mutable {
        store_checkpoints(checkpoint::Durability::host);
        drained();
    });
}

}  // namespace agent::pipeline
