// Where checkpoints are kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/model/checkpoint.h"
#include "common/base/result.h"

namespace agent::checkpoint {

// One atomic change of the store.
struct CheckpointBatch {
    using Key = std::pair<std::string, model::FileIdentity>;  // pipeline and file
    std::map<Key, std::optional<model::Checkpoint>> changes;  // none: forget it
    std::set<std::string> looked;                             // pipelines that have looked for files

    bool empty() const { return changes.empty() && looked.empty(); }
};

// All that is known of one pipeline.
struct PipelineCheckpoints {
    std::vector<model::Checkpoint> checkpoints;
    bool looked_before = false;       // or the store was set aside: then everything is read from its beginning
    std::vector<std::string> damage;  // checkpoints that could not be read, as messages
};

// What a write survives: the end of this process, or that of the host too.
enum class Durability : std::uint8_t { process, host };

// Thread: one at a time. Every call blocks on the disk.
class CheckpointStore {
 public:
    virtual ~CheckpointStore() = default;

    // When it returns, this batch is as durable as `durability` says; with `host`, all earlier ones are, too.
    virtual base::Result<void> write(const CheckpointBatch& batch, Durability durability) = 0;
    virtual base::Result<PipelineCheckpoints> load(const std::string& pipeline) = 0;
    virtual base::Result<std::vector<std::string>> pipelines() = 0;  // that have checkpoints, sorted
};

// Pipelines that are not among `ours` have nobody who looks for their files: from `now_ms` (Unix time) on their
// checkpoints are unowned, and forgotten after `retention`. Errors: it is tried again the next time.
void age_strangers(CheckpointStore& store, const std::set<std::string>& ours, std::uint64_t now_ms,
                   std::chrono::milliseconds retention);

struct OpenedStore {
    std::unique_ptr<CheckpointStore> store;
    std::string set_aside;  // where a damaged store was moved; "": it was not damaged
    std::string damage;     // and why
};

// Opens `data_dir`/checkpoints, made if it is missing. One process at a time holds `data_dir`/lock. A store that
// RocksDB cannot open or read is set aside as checkpoints.damaged-<Unix time>, and an empty one takes its place.
// Errors: the data folder cannot be made or written, another process holds the lock.
base::Result<OpenedStore> open_checkpoint_store(const std::filesystem::path& data_dir);

}  // namespace agent::checkpoint
