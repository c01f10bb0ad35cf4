#include "agent/checkpoint/checkpoint_store.h"

namespace agent::checkpoint {

void age_strangers(CheckpointStore& store, const std::set<std::string>& ours, std::uint64_t now_ms,
                   std::chrono::milliseconds retention) {
    const auto pipelines = store.pipelines();
    if (!pipelines) return;
    CheckpointBatch batch;
    for (const auto& name : *pipelines) {
        if (ours.contains(name)) continue;
        auto loaded = store.load(name);
        if (!loaded) continue;
        for (auto& checkpoint : loaded->checkpoints) {
            const CheckpointBatch::Key key{name, checkpoint.file};
            if (checkpoint.unowned_ms == 0) {
                checkpoint.unowned_ms = now_ms;
                batch.changes[key] = checkpoint;
            }
            if (checkpoint.unowned_ms + static_cast<std::uint64_t>(retention.count()) <= now_ms)
                batch.changes[key] = std::nullopt;
        }
    }
    if (!batch.empty()) (void)store.write(batch, Durability::host);
}

}  // namespace agent::checkpoint
