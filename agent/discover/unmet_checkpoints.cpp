#include "agent/discover/unmet_checkpoints.h"

#include <algorithm>
#include <utility>

namespace agent::discover {

namespace {

// Under the path that was known last.
bool is_there(FileSystem& files, const model::Checkpoint& checkpoint) {
    if (!files.can_see(checkpoint.path)) return true;  // whether it is there cannot be told now
    const auto path = files.resolve(checkpoint.path);
    const auto about = path ? files.look(*path) : std::nullopt;
    if (!about || about->inode != checkpoint.file.inode) return false;
    const auto opened = files.open(*path);
    if (!opened) return true;  // it cannot be told from another one now
    return opened->identity.generation == checkpoint.file.generation &&
           opened->identity.generation_kind == checkpoint.file.generation_kind;
}

// A rotated file that was read to its end is deleted in the ordinary course of things; that it grew while nobody
// followed it, and before it was deleted, cannot be known.
bool may_be_lost(const model::Checkpoint& checkpoint, const PathFilter& filter) {
    if (checkpoint.unread_bytes() > 0) return true;
    return checkpoint.path == checkpoint.origin_path && filter.matches(checkpoint.path);
}

}  // namespace

void UnmetCheckpoints::add(model::Checkpoint checkpoint) {
    checkpoint.unowned_ms = 0;
    by_inode_[checkpoint.file.inode].push_back(std::move(checkpoint));
}

std::optional<model::Checkpoint> UnmetCheckpoints::claim(const model::FileIdentity& identity) {
    const auto found = by_inode_.find(identity.inode);
    if (found == by_inode_.end()) return std::nullopt;
    auto& candidates = found->second;
    auto best = std::ranges::find(candidates, identity, &model::Checkpoint::file);
    if (best == candidates.end())
        best = std::ranges::find_if(candidates, [&](const auto& checkpoint) {
            return checkpoint.file.generation == identity.generation &&
                   checkpoint.file.generation_kind == identity.generation_kind && checkpoint.head.length > 0;
        });
    if (best == candidates.end()) return std::nullopt;
    return remove(best->file);
}

std::optional<model::Checkpoint> UnmetCheckpoints::remove(const model::FileIdentity& identity) {
    const auto found = by_inode_.find(identity.inode);
    if (found == by_inode_.end()) return std::nullopt;
    auto& candidates = found->second;
    const auto its = std::ranges::find(candidates, identity, &model::Checkpoint::file);
    if (its == candidates.end()) return std::nullopt;
    auto checkpoint = std::move(*its);
    candidates.erase(its);
    if (candidates.empty()) by_inode_.erase(found);
    return checkpoint;
}

Stock UnmetCheckpoints::take_stock(FileSystem& files, const PathFilter& filter, std::uint64_t now_ms,
                                   std::chrono::milliseconds retention) {
    Stock stock;
    for (auto& [inode, checkpoints] : by_inode_)
        std::erase_if(checkpoints, [&](auto& checkpoint) {
            if (is_there(files, checkpoint)) return false;  // not to be followed, or not to be opened, now
            const bool was_missing = checkpoint.missing_ms > 0;
            if (!was_missing) checkpoint.missing_ms = now_ms;
            if (!was_missing) stock.missing.push_back(checkpoint);
            if (may_be_lost(checkpoint, filter))
                (was_missing ? stock.lost_before : stock.lost).push_back(checkpoint);
            else if (!was_missing)
                stock.finished.push_back(checkpoint);
            if (checkpoint.missing_ms + static_cast<std::uint64_t>(retention.count()) > now_ms) return false;
            stock.forgotten.push_back(checkpoint.file);
            return true;
        });
    std::erase_if(by_inode_, [](const auto& item) { return item.second.empty(); });
    return stock;
}

}  // namespace agent::discover
