// Which files a shard has open. Idle ones hold no descriptor: they are opened again when they were written to. Where
// descriptors are short, files take turns with them.
#include <algorithm>
#include <utility>

#include "agent/pipeline/shard.h"

namespace agent::pipeline {

using namespace std::chrono_literals;

namespace {

constexpr auto kIdleTime = 10s;  // without growth, until a file that was read to its end is closed

// A file that no path leads to could not be opened again, and of a retiring pipeline nobody tells whether one does.
bool may_be_closed(const Pipeline& pipeline, Tail& tail) {
    if (!tail.reader.is_open() || tail.left || tail.has_in_flight() || pipeline.retiring) return false;
    const auto about = tail.reader.look();
    return about && !about->deleted;
}

}  // namespace

Shard::Opened Shard::open_file(Pipeline& pipeline, Tail& tail) {
    if (tail.reader.is_open()) return Opened::yes;
    auto fd = open_files_.open(tail.identity, tail.path);
    if (fd) {
        file_opened(pipeline, tail, std::move(*fd));
        return Opened::yes;
    }
    if (fd.error().why == NotOpen::Why::no_room) return Opened::no_room;
    tail.unopenable = fd.error().why == NotOpen::Why::failed;
    tail.not_waited_for();
    release_newer(pipeline, tail);
    if (tail.unopenable) pipeline.probe.file_unreadable(tail.path, fd.error().message);
    *tail.woken = false;  // the sweep wakes it, or what became of it
    return Opened::no;
}

void Shard::file_opened(Pipeline& pipeline, Tail& tail, base::SharedFd fd) {
    tail.open_file(std::move(fd));
    tail.unopenable = false;
    if (!tail.has_begun()) begin(pipeline, tail);
    if (tail.state != Tail::State::wanting) return;
    std::erase(pipeline.wanting, &tail);
    wanting_served_at_ = loop_.now();
    tail.state = Tail::State::idle;
    make_ready(pipeline, tail);
}

// For its turn. False: it has to wait for a descriptor behind those that wait already, or for what became of its file.
bool Shard::open_for_turn(Pipeline& pipeline, Tail& tail) {
    if (tail.reader.is_open()) return true;
    auto opened = descriptors_short_ ? Opened::no_room : open_file(pipeline, tail);
    if (opened == Opened::no_room && !descriptors_short_ && close_resting_files()) opened = open_file(pipeline, tail);
    if (opened == Opened::no_room) {
        if (!std::exchange(descriptors_short_, true)) {
            pipeline.probe.descriptors_ran_short(tail.path);
            wanting_served_at_ = loop_.now();
        }
        tail.state = Tail::State::wanting;
        pipeline.wanting.push_back(&tail);
    }
    return opened == Opened::yes;
}

// One of each pipeline in turn.
void Shard::serve_wanting() {
    bool served = true;
    while (std::exchange(served, false)) {
        for (auto* pipeline : rotation_) {
            if (pipeline->wanting.empty()) continue;
            auto& tail = *pipeline->wanting.front();
            const auto opened = open_file(*pipeline, tail);
            if (opened == Opened::no_room) continue;
            if (opened == Opened::no) {
                pipeline->wanting.pop_front();
                tail.state = Tail::State::idle;
            }
            served = true;
        }
    }
    descriptors_short_ =
        std::ranges::any_of(rotation_, [](const auto* pipeline) { return !pipeline->wanting.empty(); });
}

// Their turn comes again.
bool Shard::close_resting_files() {
    bool closed = false;
    for (auto* pipeline : rotation_)
        for (auto& [id, tail] : pipeline->tails)
            if (may_be_closed(*pipeline, *tail)) {
                close_file(*tail, std::nullopt);
                closed = true;
            }
    return closed;
}

void Shard::pass_descriptors_on() {
    if (!descriptors_short_) return;
    (void)close_resting_files();
    serve_wanting();
}

// Nothing of it is in flight: others may have its descriptor.
void Shard::pass_descriptor_on(const Pipeline& pipeline, Tail& tail) {
    if (!descriptors_short_) return;
    if (may_be_closed(pipeline, tail)) close_file(tail, std::nullopt);
    serve_wanting();
}

void Shard::close_idle_files() {
    const auto now = loop_.now();
    for (auto* pipeline : rotation_)
        for (auto& [id, tail] : pipeline->tails) {
            if (tail->state != Tail::State::idle || *tail->woken || now - tail->grown_at < kIdleTime) continue;
            if (!may_be_closed(*pipeline, *tail)) continue;
            const auto state = open_files_.state(tail->path);
            if (!state || !state->may_be_of(tail->identity)) continue;
            if (state->size_bytes != tail->reader.offset().value) continue;
            if (tail->reader.recognises({}, tail->reader.anchor(), tail->reader.offset()))
                close_file(*tail, state);
            else
                make_ready(*pipeline, *tail);  // no event told that it was rewritten
        }
    open_files_.forget_closed();
}

void Shard::close_file(Tail& tail, const std::optional<discover::FileState>& as) {
    tail.close_file(as, open_files_.handle(*tail.reader.file()));
}

// Whether its file is closed, and nobody wrote to it since.
bool Shard::is_asleep(Tail& tail) {
    const auto& closed_as = tail.closed_as();
    if (!closed_as) return false;
    const auto state = open_files_.state(tail.path);
    if (state == closed_as) return true;
    if (state && state->may_be_of(tail.identity))
        tail.reader.has_seen({state->size_bytes});  // even if it cannot be opened
    return false;
}

}  // namespace agent::pipeline
