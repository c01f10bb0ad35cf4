#include "agent/checkpoint/checkpoint_thread.h"

#include <utility>

namespace agent::checkpoint {

CheckpointThread::CheckpointThread(std::unique_ptr<CheckpointStore> store, telemetry::Log& log,
                                   base::ManualClock* clock)
    : store_(std::move(store)), log_(log), loop_(clock) {
    if (!loop_.is_manual()) thread_ = std::thread([this] { loop_.run(); });
}

CheckpointThread::~CheckpointThread() {
    if (!thread_.joinable()) return;
    loop_.post([this] { loop_.stop(); });
    thread_.join();
}

void CheckpointThread::write(CheckpointBatch batch, Durability durability) {
    if (batch.empty() && durability == Durability::process) return;
    loop_.post([this, batch = std::move(batch), durability]() mutable { write_now(std::move(batch), durability); });
}

void CheckpointThread::write_now(CheckpointBatch batch, Durability durability) {
    batch.changes.merge(std::exchange(unwritten_.changes, {}));  // what is newer stays
    batch.looked.merge(std::exchange(unwritten_.looked, {}));
    if (batch.empty() && !unsynced_) return;
    if (auto written = store_->write(batch, durability); written) {
        unsynced_ = durability == Durability::process;
        if (set_trouble("")) log_.info("checkpoints are written again");
        return;
    } else if (set_trouble(written.error().message)) {
        log_.error("checkpoints cannot be written: a restart would read again from the last ones",
                   {{"error", written.error().message}});
    }
    unwritten_ = std::move(batch);
}

bool CheckpointThread::set_trouble(std::string why) {
    const std::scoped_lock lock(trouble_mutex_);
    const bool changes = trouble_.empty() != why.empty();
    trouble_ = std::move(why);
    return changes;
}

std::string CheckpointThread::trouble() const {
    const std::scoped_lock lock(trouble_mutex_);
    return trouble_;
}

void CheckpointThread::load(std::string pipeline, std::function<void(PipelineCheckpoints)> loaded) {
    loop_.post([this, pipeline = std::move(pipeline), loaded = std::move(loaded)] {
        auto checkpoints = store_->load(pipeline);
        if (!checkpoints) {
            log_.error("checkpoints cannot be read: everything is read again",
                       {{"pipeline", pipeline}, {"error", checkpoints.error().message}});
            checkpoints = PipelineCheckpoints{.looked_before = true};
        }
        for (const auto& damage : checkpoints->damage)
            log_.error("checkpoint is damaged: its file is read again", {{"pipeline", pipeline}, {"error", damage}});
        loaded(std::move(*checkpoints));
    });
}

void CheckpointThread::visit(std::function<void(CheckpointStore&)> visitor) {
    loop_.post([this, visitor = std::move(visitor)] { visitor(*store_); });
}

}  // namespace agent::checkpoint
