// The checkpoints of one pipeline whose files were not met yet, or are missing.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "agent/discover/file_system.h"
#include "agent/discover/glob.h"
#include "agent/model/checkpoint.h"

namespace agent::discover {

// What a look through them found.
struct Stock {
    std::vector<model::Checkpoint> missing;      // for the first time
    std::vector<model::Checkpoint> lost;         // of these, whose files may have held lines that nobody read
    std::vector<model::Checkpoint> lost_before;  // likewise, but this was found before
    std::vector<model::Checkpoint> finished;  // the others of `missing`: rotated, and read to their end when last seen
    std::vector<model::FileIdentity> forgotten;
};

// Thread: the control thread.
class UnmetCheckpoints {
 public:
    void add(model::Checkpoint checkpoint);

    // Whether one may be that of a file with this inode.
    bool may_know(std::uint64_t inode) const { return by_inode_.contains(inode); }

    // Takes out the checkpoint of the file; or, where a device has got another number, of its inode and generation: the
    // reader confirms it by the fingerprints.
    std::optional<model::Checkpoint> claim(const model::FileIdentity& identity);

    std::optional<model::Checkpoint> remove(const model::FileIdentity& identity);  // of no other device

    // One that is missed for the first time is missing from `now_ms` (Unix time) on; one that has been for longer than
    // `retention` is forgotten. `filter`: the pipeline's.
    Stock take_stock(FileSystem& files, const PathFilter& filter, std::uint64_t now_ms,
                     std::chrono::milliseconds retention);

 private:
    std::map<std::uint64_t, std::vector<model::Checkpoint>> by_inode_;
};

}  // namespace agent::discover
