// `checkpoints list`, `set` and `forget`, on a running agent and on a store at rest.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/checkpoint/checkpoint_store.h"
#include "agent/pipeline/pipeline_set.h"
#include "common/base/result.h"

namespace agent::admin {

// Which checkpoint, as people name it.
struct CheckpointChange {
    std::string pipeline;
    std::string file;          // a path, or a file id as `list` shows it
    model::FileOffset offset;  // 0: forget it, so that the file is read from its beginning
    bool forget = false;
};

std::string checkpoints_json(checkpoint::CheckpointStore& store);
base::Result<std::string> checkpoints_text(std::string_view json);

std::string change_json(const CheckpointChange& change);
base::Result<CheckpointChange> parse_change(std::string_view json);

// On a store at rest. A changed checkpoint keeps the file's fingerprints only where they still hold for the new offset.
// Errors: no such checkpoint, or several files that had this path.
base::Result<std::string> change_checkpoint(checkpoint::CheckpointStore& store, const CheckpointChange& change);

std::string read_from_text(std::string_view path, model::FileOffset offset);  // what was changed, for people

// The checkpoint that is meant. Errors: as above.
base::Result<model::Checkpoint> find_checkpoint(checkpoint::CheckpointStore& store, const CheckpointChange& change);

}  // namespace agent::admin
