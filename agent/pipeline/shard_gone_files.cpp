// How a shard takes leave of files that no path leads to any more.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "agent/pipeline/shard.h"

namespace agent::pipeline {

using namespace std::chrono_literals;

namespace {

constexpr auto kDeletedQuiet = 5s;  // a deleted file that did not grow for so long is finished
constexpr auto kMovedQuiet = 60s;   // one that was moved out of sight

}  // namespace

void Shard::look_after_left_tails() {
    if (deleted_bytes_max_ > 0) give_up_deleted_files();
    for (auto* pipeline : rotation_) {
        for (auto* tail : std::vector(pipeline->left))
            if (!try_to_finish(*pipeline, *tail)) make_ready(*pipeline, *tail);
    }
    if (budget_.bytes() == 0) pool_.trim();
}

// Until they are read, deleted files hold their disk space: while that is more than it may be, the one that was deleted
// first is given up.
void Shard::give_up_deleted_files() {
    struct Deleted {
        std::uint64_t bytes = 0;
        std::chrono::steady_clock::time_point since;
        std::vector<std::pair<Pipeline*, Tail*>> tails;  // of several pipelines
    };
    std::map<model::FileIdentity, Deleted> files;
    std::uint64_t bytes = 0;
    for (auto* pipeline : rotation_)
        for (auto* tail : pipeline->left) {
            if (tail->given_up) continue;
            const auto about = tail->reader.look();
            if (!about || !about->deleted) continue;
            auto& file = files[tail->identity];
            if (file.tails.empty()) bytes += about->disk_bytes;
            file.bytes = about->disk_bytes;
            file.since = tail->left_at;
            file.tails.emplace_back(pipeline, tail);
        }
    while (bytes > deleted_bytes_max_ && !files.empty()) {
        const auto first = std::ranges::min_element(files, {}, [](const auto& file) { return file.second.since; });
        bytes -= first->second.bytes;
        for (const auto& [pipeline, tail] : first->second.tails) give_up(*pipeline, *tail);
        files.erase(first);
    }
}

// Its descriptor goes at once; the tail, when nothing of it is in flight.
void Shard::give_up(Pipeline& pipeline, Tail& tail) {
    std::erase(pipeline.ready, &tail);
    std::erase(pipeline.waiting, &tail);
    tail.state = Tail::State::idle;
    pipeline.probe.file_given_up(tail.path, tail.give_up());
    release_newer(pipeline, tail);
}

// It cannot be opened again.
void Shard::lose_closed_file(Pipeline& pipeline, Tail& tail) {
    if (draining_ || pipeline.retiring) return;  // the next start tells it
    std::erase(pipeline.ready, &tail);
    std::erase(pipeline.waiting, &tail);
    std::erase(pipeline.wanting, &tail);
    if (const auto before = tail.checkpoint_before()) {
        pipeline.probe.file_not_opened_again(
            tail.path, {.begin = before->watermark, .end = before->seen, .bytes = before->unread_bytes()});
        pipeline.finished.seen += before->unread_bytes();
        pipeline.finished.lost_for(model::LossReason::deleted) += before->unread_bytes();
    } else if (!tail.has_begun()) {
        pipeline.probe.file_not_opened_again(tail.path, {});
    } else if (tail.lag_bytes() > 0) {
        pipeline.probe.file_not_opened_again(tail.path, tail.give_up());
    }
    close_tail(pipeline, tail, false);
}

// A gone file is finished when everything of it is acknowledged and it did not grow for a while. Its last line may lack
// its ending: it is sent then, because nothing will complete it.
bool Shard::try_to_finish(Pipeline& pipeline, Tail& tail) {
    if (tail.given_up) {
        if (!tail.has_in_flight()) close_tail(pipeline, tail, true);
        return true;
    }
    const auto about = tail.reader.look();
    const bool deleted = about && about->deleted;
    const auto quiet = loop_.now() - tail.grown_at;
    if (tail.has_in_flight() || tail.state != Tail::State::idle || draining_ || pipeline.retiring) return false;
    if (quiet < (deleted ? std::chrono::seconds(kDeletedQuiet) : std::chrono::seconds(kMovedQuiet))) return false;
    if (about && tail.reader.offset().value < about->size) {
        if (!budget_.has_room() || !tail.route->ready() || tail.reader.partial_bytes() == 0) return false;
        auto rest = tail.reader.read_partial_line(pool_);
        pipeline.probe.file_cut_off(tail.path, tail.take_cut_off());
        if (rest.status == read::ReadStatus::extent) {
            const auto faults = split::frame(*rest.extent, pipeline.framing, split::kNothingFollows);
            deliver_extent(pipeline, tail, std::move(rest.extent), faults);
            schedule_turns();  // which flush when they are through
            return true;
        }
        return false;
    }
    // Truncated and written to since the last read: the next one sees it.
    if (!tail.reader.recognises({}, tail.reader.anchor(), tail.reader.offset())) return false;
    close_tail(pipeline, tail, deleted && !tail.is_copy);
    return true;
}

void Shard::close_tail(Pipeline& pipeline, Tail& tail, bool deleted) {
    const auto& name = pipeline.config.name;
    auto checkpoint = tail.checkpoint_before();
    if (tail.has_begun() && !deleted) checkpoint = tail.checkpoint();
    if (checkpoint) checkpoint->missing_ms = checkpoint->updated_ms;
    checkpoints_.write({.changes = {{{name, tail.identity}, checkpoint}}, .looked = {}}, checkpoint::Durability::host);
    pipeline.probe.file_closed(tail.path, tail.file_id());
    finished_(name, tail.identity, checkpoint);
    pipeline.finished += tail.books();
    std::erase(pipeline.left, &tail);
    leave_generations(pipeline, tail);
    pipeline_of_tail_.erase(tail.id);
    pipeline.tails.erase(tail.id);
    pass_descriptors_on();
}

}  // namespace agent::pipeline
