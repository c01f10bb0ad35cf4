// How a shard takes leave of files that no path leads to any more.
#include <optional>
#include <vector>

#include "agent/pipeline/shard.h"

namespace agent::pipeline {

using namespace std::chrono_literals;

namespace {

constexpr auto kDeletedQuiet = 5s;  // a deleted file that did not grow for so long is finished
constexpr auto kMovedQuiet = 60s;   // one that was moved out of sight

}  // namespace

void Shard::look_after_left_tails() {
    for (auto* pipeline : rotation_) {
        std::vector<Tail*> left;
        for (const auto& [id, tail] : pipeline->tails)
            if (tail->left) left.push_back(tail.get());
        for (auto* tail : left)
            if (!try_to_finish(*pipeline, *tail)) make_ready(*pipeline, *tail);
    }
    if (budget_.bytes() == 0) pool_.trim();
}

// A gone file is finished when everything of it is acknowledged and it did not grow for a while. Its last line may lack
// its ending: it is sent then, because nothing will complete it.
bool Shard::try_to_finish(Pipeline& pipeline, Tail& tail) {
    const auto about = tail.reader.look();
    const bool deleted = about && about->deleted;
    const auto quiet = loop_.now() - tail.grown_at;
    if (tail.has_in_flight() || tail.state != Tail::State::idle || draining_ || pipeline.retiring) return false;
    if (quiet < (deleted ? std::chrono::seconds(kDeletedQuiet) : std::chrono::seconds(kMovedQuiet))) return false;
    if (about && tail.reader.offset().value < about->size) {
        if (!budget_.has_room() || !tail.route->ready() || tail.reader.partial_bytes() == 0) return false;
        auto rest = tail.reader.read_partial_line(pool_);
        if (rest.status == read::ReadStatus::extent) {
            deliver_extent(pipeline, tail, std::move(rest.extent));
            schedule_turns();  // which flush when they are through
            return true;
        }
        return false;
    }
    // Truncated and written to since the last read: the next one sees it.
    if (!tail.reader.recognises({}, tail.reader.anchor(), tail.reader.offset())) return false;
    close_tail(pipeline, tail, deleted);
    return true;
}

void Shard::close_tail(Pipeline& pipeline, Tail& tail, bool deleted) {
    const auto& name = pipeline.config.name;
    const auto checkpoint = deleted ? std::nullopt : std::optional(tail.checkpoint());
    checkpoints_.write({.changes = {{{name, tail.identity}, checkpoint}}, .looked = {}}, checkpoint::Durability::host);
    pipeline.probe.file_closed(tail.path, tail.file_id);
    finished_(name, tail.identity, checkpoint);
    pipeline_of_tail_.erase(tail.id);
    pipeline.tails.erase(tail.id);
    pipeline.probe.set_open_files(pipeline.tails.size());
}

}  // namespace agent::pipeline
