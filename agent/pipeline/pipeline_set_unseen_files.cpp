// The files of pipelines that discovery does not find by a path: taken over, missing, or compressed.
#include <chrono>
#include <optional>
#include <utility>

#include "agent/pipeline/pipeline_set.h"

namespace agent::pipeline {

namespace {

std::uint64_t unix_ms_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace

// What the pipeline as it was before had open, and what nobody finds by a path any more: deleted, or moved away.
void PipelineSet::take_over(const std::string& name) {
    const auto& source = running_.at(name).pipeline.source;
    const discover::PathFilter filter(source.include, source.exclude);
    for (auto& file : std::exchange(still_open_[name], {})) {
        if (is_followed(name, file.identity) || !filter.matches(file.origin_path)) continue;
        if (!discovery_->still_wants(name, file.origin_path, file.fields)) continue;
        auto checkpoint = discovery_->take_over(name, file.identity);
        follow_unseen({.pipeline = name,
                       .path = checkpoint ? std::move(file.path) : file.origin_path,
                       .identity = file.identity,
                       .fd = std::move(file.fd),
                       .checkpoint = std::move(checkpoint),
                       .is_copy = file.is_copy,
                       .fields = std::move(file.fields)});
    }
}

bool PipelineSet::is_followed(const std::string& pipeline, const model::FileIdentity& file) const {
    const auto found = tails_.find(file);
    return found != tails_.end() && found->second.contains(pipeline);
}

void PipelineSet::follow_unseen(discover::FoundFile file) {
    const auto identity = file.identity;
    const auto name = file.pipeline;
    file_found(std::move(file));
    on_shard([this, id = tails_.at(identity).at(name).id] { shard_.left(id); });
}

void PipelineSet::take_stock(const std::string& name, checkpoint::CheckpointBatch batch) {
    auto stock = discovery_->take_stock(name, unix_ms_now(), checkpoint_retention_);
    for (auto& checkpoint : stock.missing) batch.changes[{name, checkpoint.file}] = std::move(checkpoint);
    for (const auto& file : stock.forgotten) batch.changes[{name, file}] = std::nullopt;
    if (running_.at(name).pipeline.source.read_rotated) {
        for (auto& checkpoint : stock.lost_before) look_for_compressed(name, std::move(checkpoint), Loss::told);
        for (const auto& [checkpoints, loss] :
             {std::pair{&stock.lost, Loss::to_be_told}, {&stock.finished, Loss::none}})
            for (auto& checkpoint : std::exchange(*checkpoints, {})) {
                batch.changes.erase({name, checkpoint.file});  // until it is known: a crash would hide it
                look_for_compressed(name, std::move(checkpoint), loss);
            }
    }
    tell_missing(name, stock.lost, std::move(batch));
}

// Behind the tails that were just found: their checkpoints come first, or `start_at` would be forgotten by a crash.
void PipelineSet::tell_missing(const std::string& name, const std::vector<model::Checkpoint>& lost,
                               checkpoint::CheckpointBatch batch) {
    on_shard([this, name, lost, batch = std::move(batch)]() mutable {
        for (const auto& checkpoint : lost) shard_.file_missing(name, checkpoint);
        shard_.store_checkpoints(checkpoint::Durability::host);
        checkpoints_.write(std::move(batch), checkpoint::Durability::host);
    });
}

// Unpacked, it is read like a file that no path leads to. What stands in the way of that may not do so the next time.
void PipelineSet::look_for_compressed(const std::string& name, model::Checkpoint checkpoint, Loss loss) {
    const auto start = running_.at(name).start;
    unpacker_.unpack(checkpoint, scratch_folder_, [this, name, checkpoint, loss, start](auto found) {
        const auto running = running_.find(name);
        if (draining_ || running == running_.end() || running->second.start != start) return;  // it is asked for again
        if (is_followed(name, checkpoint.file)) return;                                        // it came back
        const bool has_more = found && *found && (*found)->unread_bytes > 0;
        if (has_more) return read_unpacked(name, checkpoint, std::move(**found));
        if (!found && loss != Loss::none)
            log_.warn("compressed generation cannot be read: trying again each hour",
                      {{"pipeline", name}, {"path", checkpoint.path}, {"error", found.error().message}});
        if (loss == Loss::told) return;
        checkpoint::CheckpointBatch batch;
        batch.changes[{name, checkpoint.file}] = checkpoint;
        const bool was_read_whole = found && *found && checkpoint.unread_bytes() == 0;
        if (loss == Loss::none || was_read_whole)
            tell_missing(name, {}, std::move(batch));
        else
            tell_missing(name, {checkpoint}, std::move(batch));
    });
}

void PipelineSet::read_unpacked(const std::string& name, const model::Checkpoint& checkpoint,
                                discover::UnpackedGeneration unpacked) {
    (void)discovery_->take_over(name, checkpoint.file);
    log_.info("compressed generation is read",
              {{"pipeline", name}, {"path", checkpoint.path}, {"compressed", unpacked.path}});
    const bool is_of_container = running_.at(name).pipeline.source.type == config::SourceType::container;
    follow_unseen({.pipeline = name,
                   .path = std::move(unpacked.path),
                   .identity = checkpoint.file,
                   .fd = std::move(unpacked.fd),
                   .checkpoint = checkpoint,
                   .is_copy = true,
                   .fields = is_of_container ? discover::container_fields(checkpoint.path, "").fields : nullptr});
}

// Of pipelines that the config does not know any more.
void PipelineSet::take_stock_of_strangers() {
    checkpoints_.visit([ours = configured_, now_ms = unix_ms_now(),
                        retention = checkpoint_retention_](checkpoint::CheckpointStore& store) {
        checkpoint::age_strangers(store, ours, now_ms, retention);
    });
}

}  // namespace agent::pipeline
