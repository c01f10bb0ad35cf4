// How generations of one file are read: the oldest first, and a container's line that was rotated in its middle with
// what the next one has of it.
#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/model/generation.h"
#include "agent/pipeline/shard.h"

namespace agent::pipeline {

namespace {

constexpr int kOlderMax = 64;  // generations that are looked at in a turn

// Whether its file's head may belong to the last line of the older one.
bool must_wait(const Pipeline& pipeline, const Tail& tail) {
    const auto* older = tail.older;
    if (!pipeline.framing.container || !older || !tail.is_at_beginning()) return false;
    const bool will_be_read = older->state == Tail::State::ready || older->state == Tail::State::waiting;
    return older->is_within_line || (will_be_read && !older->was_at_end);
}

}  // namespace

// A file that is found is newer than those that were found before; but what was compressed meanwhile is the oldest.
void Shard::join_generations(Pipeline& pipeline, Tail& tail) {
    const auto before = tail.checkpoint_before();
    const std::string_view path = before ? before->origin_path : tail.path;
    const auto name = model::without_generation(path);
    const auto key = std::hash<std::string_view>()(name);
    auto& all = pipeline.generations[key];
    all.key = key;
    all.has_plain_name = all.has_plain_name || name == path;
    tail.generations = &all;
    Tail* newer = nullptr;
    if (tail.is_copy)
        for (auto* one = all.newest; one; one = one->older) newer = one;
    tail.newer = newer;
    tail.older = newer ? nullptr : all.newest;
    if (tail.older) tail.older->newer = &tail;
    if (newer)
        newer->older = &tail;
    else
        all.newest = &tail;
}

void Shard::leave_generations(Pipeline& pipeline, Tail& tail) {
    tail.is_within_line = false;
    release_newer(pipeline, tail);
    if (tail.older) tail.older->newer = tail.newer;
    if (tail.newer)
        tail.newer->older = tail.older;
    else
        tail.generations->newest = tail.older;
    if (!tail.generations->newest) pipeline.generations.erase(tail.generations->key);
}

// The next one in turn. But rotated generations go before newer ones until they are read to their end.
Tail& Shard::take_ready(Pipeline& pipeline) {
    auto* tail = pipeline.ready.front();
    pipeline.ready.pop_front();
    if (!tail->generations->has_plain_name) return *tail;
    auto* first = tail;
    auto* older = tail->older;
    for (int looked = 0; older && looked < kOlderMax; ++looked, older = older->older)
        if (older->state == Tail::State::ready && !older->was_at_end) first = older;
    if (first != tail) {
        std::erase(pipeline.ready, first);
        pipeline.ready.push_back(tail);
    }
    return *first;
}

// What was written to it since may be the rest of that line: the older one has a look.
bool Shard::waits_for_older(Pipeline& pipeline, Tail& tail) {
    if (!must_wait(pipeline, tail)) return false;
    tail.is_held = true;
    *tail.woken = false;
    make_ready(pipeline, *tail.older);
    return true;
}

void Shard::release_newer(Pipeline& pipeline, Tail& tail) {
    auto* newer = tail.newer;
    if (!newer || !newer->is_held || must_wait(pipeline, *newer)) return;
    newer->is_held = false;
    make_ready(pipeline, *newer);
}

// For an extent that goes to the end of its file: what the newer one's head has of its last lines. False: it has not
// all of it yet.
bool Shard::borrow(const Pipeline& pipeline, const Tail& tail, model::Extent& extent) {
    const auto* newer = tail.newer;
    const auto& framing = pipeline.framing;
    if (!framing.container || !newer || !newer->is_at_beginning() || !newer->reader.is_open()) return false;
    const auto head = newer->reader.first_bytes(framing.reach_bytes_max);
    const auto bytes = framing.container->bytes_to_complete(extent.bytes, head);
    if (!bytes || *bytes == 0) return false;
    const auto borrowed = std::string_view(head).substr(0, *bytes);
    auto buffer = model::Buffer::of(extent.bytes.size() + borrowed.size());
    std::ranges::copy(extent.bytes, buffer.bytes.get());
    std::ranges::copy(borrowed, buffer.bytes.get() + extent.bytes.size());
    extent.buffer = std::move(buffer);
    extent.bytes = {extent.buffer.bytes.get(), extent.buffer.capacity};
    extent.borrowed = {.of = newer->id,
                       .bytes = borrowed.size(),
                       .anchor = model::Fingerprint::of(borrowed.substr(
                           borrowed.size() - std::min<std::size_t>(borrowed.size(), model::Fingerprint::kBytesMax)))};
    return true;
}

// Its last line has its last word, and the newer file begins behind what it had of it; or it failed and comes again.
void Shard::borrowed_finished(Tail& tail, const model::Extent& extent) {
    const bool is_through = extent.failure.empty();
    if (!is_through && extent.rejection == model::Rejection::none) return;
    tail.is_within_line = false;
    auto* newer = tail.newer;
    if (is_through && newer && newer->id == extent.borrowed.of && newer->is_at_beginning())
        newer->head_taken(extent.borrowed);
}

}  // namespace agent::pipeline
