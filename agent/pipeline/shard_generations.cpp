// How generations of one file are read: the oldest first, and a container's line that was rotated in its middle with
// what the next one has of it.
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/model/generation.h"
#include "agent/pipeline/shard.h"

namespace agent::pipeline {

namespace {

using Continuation = split::ContainerDecoder::Continuation;

constexpr int kOlderMax = 64;                      // generations that are looked at in a turn
constexpr std::size_t kHeadBytesFirst = 64 << 10;  // four times as many, while that is not enough

// Whether the older file is to be read to its end first, and its last line delivered: that may go on in this one. It is
// not waited for while a rejected record holds it up.
bool must_wait(const Pipeline& pipeline, const Tail& tail) {
    const auto* older = tail.older;
    if (!pipeline.framing.container || !older || !tail.is_at_beginning()) return false;
    if (older->given_up || older->records_max > 0) return false;
    return older->is_within_line || !older->was_at_end;
}

// What completes `lines`, which points into `head`: as much of the newer file's beginning as it takes.
std::optional<Continuation> read_continuation(const split::Framing& framing, std::string_view lines,
                                              const read::Reader& newer, std::string& head) {
    for (std::size_t size = kHeadBytesFirst;; size *= 4) {
        size = std::min<std::size_t>(size, framing.reach_bytes_max);
        head = newer.first_bytes(size);
        auto found = framing.container->continuation(lines, head);
        if (found || head.size() < size || size == framing.reach_bytes_max) return found;
    }
}

model::Borrowed borrowed_of(const Tail& newer, std::string_view head, const Continuation& continuation) {
    model::Borrowed borrowed{.of = newer.id, .lent = continuation.lent};
    for (const auto line : continuation.lines) {
        if (line.data() == head.data() + borrowed.head_bytes) borrowed.head_bytes += line.size();
        borrowed.bytes += line.size();
    }
    const auto anchored = std::min<std::size_t>(borrowed.head_bytes, model::Fingerprint::kBytesMax);
    borrowed.head_anchor = model::Fingerprint::of(head.substr(borrowed.head_bytes - anchored, anchored));
    return borrowed;
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
    if (tail.older) {
        tail.older->newer = &tail;
        tail.older->was_at_end = false;  // it may have grown
    }
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

// For an extent that goes to the end of its file: what completes its last lines, out of the newer file. Later: when
// what is before it is delivered, for it is read again with it, and then the newer file must not have moved on.
Shard::Borrowing Shard::borrow(const Pipeline& pipeline, const Tail& tail, model::Extent& extent) {
    const auto* newer = tail.newer;
    if (!pipeline.framing.container || !newer || !newer->is_at_beginning() || !newer->reader.is_open())
        return Borrowing::nothing;
    std::string head;
    const auto continuation = read_continuation(pipeline.framing, extent.bytes, newer->reader, head);
    if (!continuation) return Borrowing::nothing;
    if (tail.has_in_flight()) return Borrowing::later;
    extent.borrowed = borrowed_of(*newer, head, *continuation);
    auto buffer = model::Buffer::of(extent.bytes.size() + extent.borrowed.bytes);
    auto* end = std::ranges::copy(extent.bytes, buffer.bytes.get()).out;
    for (const auto line : continuation->lines) end = std::ranges::copy(line, end).out;
    pool_.give_back(std::exchange(extent.buffer, std::move(buffer)));
    extent.bytes = {extent.buffer.bytes.get(), extent.buffer.capacity};
    return Borrowing::done;
}

// An extent came back. One that borrowed is through, and the newer file goes on behind what it lent; or it comes again.
void Shard::look_at_last_line(Pipeline& pipeline, Tail& tail, const model::Extent& finished) {
    const bool is_through = finished.failure.empty();
    if (finished.borrowed.bytes > 0 && (is_through || finished.rejection != model::Rejection::none)) {
        tail.is_within_line = false;
        auto* newer = tail.newer;
        if (is_through && newer && newer->id == finished.borrowed.of && newer->is_at_beginning())
            newer->lent(finished.borrowed);
    } else if (tail.is_within_line && tail.newer && !tail.has_in_flight()) {
        make_ready(pipeline, tail);
    }
    release_newer(pipeline, tail);
}

}  // namespace agent::pipeline
