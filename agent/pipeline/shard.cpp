#include "agent/pipeline/shard.h"

#include <algorithm>
#include <utility>

#include "agent/pipeline/rejection.h"
#include "agent/split/splitter.h"
#include "common/base/assert.h"
#include "common/base/result.h"

namespace agent::pipeline {

using namespace std::chrono_literals;
using model::ExtentPtr;

namespace {

constexpr std::uint64_t kTurnsForOne = 16;
constexpr int kTurnsMax = 8;  // between two looks at what else there is to do
constexpr std::size_t kSpareBuffersMax = kInFlightBytesMax / read::kReadBytes;
// What a record in flight costs besides its bytes: librdkafka's message, ours.
constexpr std::size_t kRecordCharge = 256;

constexpr auto kCollectTimeMax = 2ms;  // until a flush, while there is more to read
constexpr auto kLeftInterval = 250ms;  // gone files are polled: no event tells of their growth
constexpr auto kIdleInterval = 5s;     // between two looks for files that need not be open
constexpr auto kLookAgainMin = 100ms;  // at a record that may go on
constexpr auto kRetryDelayMin = 100ms;
constexpr auto kRetryDelayMax = 30'000ms;

bool ends_within_line(const Pipeline& pipeline, const model::Extent& extent) {
    if (!pipeline.framing.container || extent.end == extent.own_end()) return false;
    const auto rest = extent.bytes.substr(extent.end - extent.begin);
    return pipeline.framing.container->ends_within_line(rest);
}

// Records that overlap cannot be looked through one by one.
split::Streams streams_of(bool is_search) {
    return is_search ? split::Streams::in_file_order : split::Streams::apart;
}

std::size_t charge_of(const model::Extent& extent) {
    std::size_t bytes = extent.buffer.capacity + (extent.split_count * kRecordCharge) + extent.texts.memory_bytes();
    for (const auto& rewritten : extent.arena) bytes += rewritten.capacity();
    return bytes;
}

static_assert(kInFlightBytesMax >= 16 * read::kExtentBytesMax, "a window that holds no batch makes small batches");

}  // namespace

Shard::Shard(std::size_t memory_limit, checkpoint::CheckpointThread& checkpoints, telemetry::Log& log,
             TailFinished finished, std::unique_ptr<discover::FileSystem> file_system, base::ManualClock* clock)
    : log_(log),
      finished_(std::move(finished)),
      checkpoints_(checkpoints),
      loop_(clock),
      open_files_(std::move(file_system)),
      budget_(memory_limit),
      pool_(read::kReadBytes, kSpareBuffersMax),
      checkpoint_timer_(loop_),
      left_timer_(loop_),
      idle_timer_(loop_),
      throttle_timer_(loop_),
      patience_timer_(loop_) {
    checkpoint_timer_.every(kCheckpointInterval, [this] { store_checkpoints(checkpoint::Durability::host); });
    left_timer_.every(kLeftInterval, [this] {
        look_after_left_tails();
        pass_descriptors_on();
    });
    idle_timer_.every(kIdleInterval, [this] {
        close_idle_files();
        forget_taps();
    });
}

Shard::~Shard() = default;

// --- the way of a line ---

// One turn: the whole way of a line, top to bottom.
bool Shard::take_turn() {
    if (draining_ || !budget_.has_room()) return false;  // back-pressure: no room, no reading
    Pipeline* pipeline = next_pipeline();                // fair: one extent each in turn
    if (!pipeline) return false;
    Tail& tail = take_ready(*pipeline);
    tail.state = Tail::State::idle;
    if (!open_for_turn(*pipeline, tail)) return true;
    if (!tail.route->ready())
        wait_for_sink(*pipeline, tail);
    else if (!waits_for_older(*pipeline, tail) && read_extent(*pipeline, tail))
        make_ready(*pipeline, tail);
    release_newer(*pipeline, tail);
    return true;
}

void Shard::wait_for_sink(Pipeline& pipeline, Tail& tail) {
    tail.state = Tail::State::waiting;
    *tail.woken = true;
    pipeline.waiting.push_back(&tail);
}

// True: there is more to read.
bool Shard::read_extent(Pipeline& pipeline, Tail& tail) {
    *tail.woken = false;
    if (tail.go_to) return false;  // settle() moves it as soon as nothing is in flight
    auto result = tail.reader.read(pool_);
    pipeline.probe.file_cut_off(tail.path, tail.take_cut_off());
    switch (result.status) {
        case read::ReadStatus::extent:
            return take_extent(pipeline, tail, std::move(result));
        case read::ReadStatus::again:
            return true;
        case read::ReadStatus::at_end:
            tail.was_at_end = true;
            return false;
        case read::ReadStatus::truncated:
            truncated(pipeline, tail);
            return true;
        case read::ReadStatus::failed:
            pipeline.probe.file_unreadable(tail.path, base::errno_text(result.error));
            tail.not_waited_for();
            return false;  // the sweep wakes it
    }
    return false;
}

bool Shard::take_extent(Pipeline& pipeline, Tail& tail, read::ReadResult result) {
    const bool drained = result.drained;
    auto& extent = *result.extent;
    tail.was_at_end = tail.was_at_end || drained;
    const auto end = extent.end;
    const bool is_search = tail.records_max > 0;
    extent.lent = tail.lent_lines;
    const auto borrowing = drained && !is_search ? borrow(pipeline, tail, extent) : Borrowing::nothing;
    const auto seen = seen_behind(pipeline, tail, result, borrowing);
    const auto records_max = is_search ? tail.records_max : split::kAllRecords;
    const auto faults = split::frame(extent, pipeline.framing, seen, records_max, streams_of(is_search));
    if (drained) tail.is_within_line = borrowing == Borrowing::done || ends_within_line(pipeline, extent);
    if (extent.end == extent.begin) return wait_for_lines(pipeline, tail, std::move(result));
    const bool has_rest = extent.end != end;
    if (has_rest) {
        tail.reader.go_back(extent, extent.end);
        extent.anchor = tail.reader.anchor();
    }
    deliver_extent(pipeline, tail, std::move(result.extent), faults);
    if (tail.state != Tail::State::idle) return false;
    if (!drained || *tail.woken || is_search || tail.records_max > 0) return true;
    if (has_rest) wait_for_the_rest(pipeline, tail);
    // It will have grown until the next batch: then it is read without waiting for an event.
    if (tail.route->batches() && tail.has_in_flight()) wait_for_sink(pipeline, tail);
    return false;
}

// How far the file is known; once nothing was added to it for long enough, as if nothing ever would be.
model::FileOffset Shard::seen_behind(const Pipeline& pipeline, Tail& tail, const read::ReadResult& result,
                                     Borrowing borrowing) {
    if (!pipeline.framing.joiner || borrowing == Borrowing::done) return split::kNothingFollows;
    const auto seen = result.extent->begin + result.looked_at;
    if (!result.drained) return seen;
    const auto now = loop_.now();
    if (!tail.joining) tail.joining = std::make_unique<Tail::Joining>(loop_);
    auto& joining = *tail.joining;
    if (std::exchange(joining.end, seen) != seen) joining.since = now;
    const bool is_over = now - joining.since >= pipeline.framing.timeout && borrowing != Borrowing::later;
    return is_over ? split::kNothingFollows : seen;
}

// All that was read is one record, which may go on. True: there is more to read.
bool Shard::wait_for_lines(Pipeline& pipeline, Tail& tail, read::ReadResult result) {
    tail.reader.go_back(*result.extent, result.extent->begin, result.drained ? 0 : 2 * result.looked_at);
    pool_.give_back(std::move(result.extent->buffer));
    if (result.drained) wait_for_the_rest(pipeline, tail);
    return !result.drained;
}

// Of a record at the file's end. Where the time is over by now, or what holds the record up is in flight, it is looked
// at again all the same: nothing else might wake it.
void Shard::wait_for_the_rest(Pipeline& pipeline, Tail& tail) {
    const auto left = tail.joining->since + pipeline.framing.timeout - loop_.now();
    tail.joining->timer.after(std::max<std::chrono::steady_clock::duration>(left, kLookAgainMin),
                              [this, &pipeline, &tail] { make_ready(pipeline, tail); });
}

void Shard::deliver_extent(Pipeline& pipeline, Tail& tail, ExtentPtr extent, const split::LineFaults& faults) {
    extent->read_at = tail.grown_at = loop_.now();
    pipeline.probe.extent_read(tail.path, *extent, faults);
    const auto bytes = extent->end - extent->begin + extent->borrowed.bytes;
    pipeline.rate.take(bytes, extent->split_count);
    rate_.take(bytes, extent->split_count);
    if (!pipeline.shaper.is_plain()) {
        pipeline.shaper.shape(*extent, tail.origin_path, tail.file_id(), tail.fields.get());
        pipeline.probe.extent_shaped(tail.path, pipeline.shaper.dropped(), pipeline.shaper.fallbacks());
    }
    extent->charge = charge_of(*extent);
    budget_.take(extent->charge);
    pipeline.window.take(extent->charge);
    tail.open_extent(*extent);
    extent->is_alone = tail.route->alone();
    if (extent->record_count == 0) return extent_finished(std::move(extent));
    pipeline.probe.extent_sent(*extent);
    if (pipeline.tap) pipeline.tap->look(*extent, tail.origin_path);
    if (!collecting_since_) collecting_since_ = extent->read_at;
    pipeline.sink->deliver(std::move(extent), *tail.route);  // comes back by extent_finished()
}

void Shard::truncated(Pipeline& pipeline, Tail& tail) {
    pipeline.probe.file_truncated(tail.path, tail.start_anew());
}

void Shard::run_turns() {
    turns_scheduled_ = false;
    for (int turn = 0; turn < kTurnsMax; ++turn)
        if (!take_turn()) return flush_sinks();
    if (collecting_since_ && loop_.now() - *collecting_since_ > kCollectTimeMax) flush_sinks();
    schedule_turns();
}

void Shard::flush_sinks() {
    collecting_since_.reset();
    for (auto* pipeline : rotation_)
        pipeline->sink->flush(pipeline->ready.empty() ? deliver::Flush::nothing_left : deliver::Flush::more_waits);
}

void Shard::schedule_turns() {
    if (std::exchange(turns_scheduled_, true)) return;
    loop_.post([this] { run_turns(); });
}

// High priority first, fairly among equals; but one turn in kTurnsForOne is the next one's in the rotation, whatever
// its priority, so that nobody starves.
Pipeline* Shard::next_pipeline() {
    const auto now = loop_.now();
    auto wait = std::max(rate_.wait(now), cpu_.wait(now));
    if (wait.count() > 0) {
        come_back(wait);
        return nullptr;
    }
    const bool ranked = ++turns_ % kTurnsForOne != 0;
    auto& begin = ranked ? next_in_rotation_ : next_for_one_;
    Pipeline* next = nullptr;
    std::size_t place = 0;
    for (std::size_t i = 0; i < rotation_.size(); ++i) {
        auto* pipeline = rotation_[(begin + i) % rotation_.size()];
        if (pipeline->ready.empty() || pipeline->retiring || !pipeline->window.has_room()) continue;
        if (next && (!ranked || pipeline->config.source.priority >= next->config.source.priority)) continue;
        if (const auto its = pipeline->rate.wait(now); its.count() > 0) {
            wait = wait.count() > 0 ? std::min(wait, its) : its;
            continue;
        }
        next = pipeline;
        place = i;
    }
    if (next)
        begin = (begin + place + 1) % rotation_.size();
    else if (wait.count() > 0)
        come_back(wait);
    return next;
}

void Shard::come_back(std::chrono::steady_clock::duration wait) {
    throttle_timer_.after(wait, [this] { schedule_turns(); });
}

void Shard::make_ready(Pipeline& pipeline, Tail& tail) {
    *tail.woken = true;
    if (tail.state != Tail::State::idle || tail.given_up) return;
    tail.state = Tail::State::ready;
    pipeline.ready.push_back(&tail);
    schedule_turns();
}

// --- the way back ---

void Shard::extent_finished(ExtentPtr extent) {
    auto* pipeline = pipeline_of(extent->tail);
    AGENT_ASSERT(pipeline != nullptr);
    auto& tail = *pipeline->tails.at(extent->tail);
    if (extent->rejection != model::Rejection::none && !extent_rejected(*pipeline, tail, extent)) return;
    budget_.give_back(extent->charge);
    pipeline->window.give_back(extent->charge);
    if (!extent->dead_letter_why.empty() && extent->failure.empty())
        book_rejected(*extent, model::DropReason::dead_letter);
    if (tail.close_extent(*extent)) unstored_bytes_ += extent->end - extent->begin;
    if (!extent->failure.empty())
        extent_failed(*pipeline, tail, *extent);
    else if (extent->rejection == model::Rejection::none)
        extent_delivered(*pipeline, tail, *extent);
    look_at_last_line(*pipeline, tail, *extent);
    pool_.give_back(std::move(extent->buffer));

    if (unstored_bytes_ >= kUnstoredBytesMax) store_checkpoints(checkpoint::Durability::process);
    if (!tail.has_in_flight()) settle(*pipeline, tail);
    if (pipeline->retiring) try_to_retire(*pipeline);
    if (draining_) check_drained();
    schedule_turns();
}

void Shard::extent_delivered(Pipeline& pipeline, Tail& tail, const model::Extent& extent) {
    if (extent.dead_letter_why.empty()) {
        if (tail.is_current(extent)) tail.look_further();
        pipeline.probe.extent_delivered(extent);
    } else {
        tail.stop_looking();
        pipeline.probe.extent_dead_lettered(tail.path, extent);
    }
}

// False: it is on its way to the dead-letter topic. Else it is finished: its failure stands, and the tail reads again
// what goes together in smaller parts, down to the record that is to blame; or it is dropped, which clears the failure.
bool Shard::extent_rejected(Pipeline& pipeline, Tail& tail, ExtentPtr& extent) {
    if (!tail.is_current(*extent)) return true;
    if (!is_to_blame(*extent, pipeline.config.sink.on_reject)) {
        tail.look_closer(*extent);
        return true;
    }
    if (draining_ || pipeline.retiring || !extent->dead_letter_why.empty()) return true;
    if (pipeline.config.sink.on_reject == config::OnReject::block) return true;
    make_records_again(pipeline, tail, *extent);
    count_rejected(*extent);
    if (extent->rejected_count == 0) return true;  // none of it goes there any more
    if (pipeline.config.sink.on_reject == config::OnReject::drop) {
        pipeline.probe.extent_dropped(tail.path, *extent);
        extent->failure.clear();
        book_rejected(*extent, model::DropReason::rejected);
        tail.stop_looking();
        return true;
    }
    if (!tail.set_aside(*extent)) return true;  // it comes again behind what is before it
    extent->dead_letter_why = std::exchange(extent->failure, {});
    extent->rejection = model::Rejection::none;
    extent->failed = 0;
    pipeline.sink->deliver(std::move(extent), *tail.route);
    schedule_turns();  // which flush when they are through
    return false;
}

// The records of an extent that was delivered once: it stays the extent that the ledger knows.
void Shard::make_records_again(Pipeline& pipeline, const Tail& tail, model::Extent& extent) {
    const auto end = extent.end;
    const auto dropped = extent.dropped;
    split::frame_again(extent, pipeline.framing, streams_of(extent.is_alone));
    if (!pipeline.shaper.is_plain()) pipeline.shaper.shape(extent, tail.origin_path, tail.file_id(), tail.fields.get());
    extent.end = end;
    extent.dropped = dropped;
}

// Whatever it was: let go of what is in flight, rewind, go on.
void Shard::extent_failed(Pipeline& pipeline, Tail& tail, const model::Extent& extent) {
    if (!tail.is_current(extent)) return pipeline.probe.extent_lost(tail.path, extent, tail.why_stale());
    const bool is_first = tail.state != Tail::State::rewinding;
    if (is_first) {
        const bool searching =
            extent.rejection != model::Rejection::none && !is_to_blame(extent, pipeline.config.sink.on_reject);
        tail.retry_delay = searching ? std::chrono::milliseconds(0)
                                     : std::clamp(tail.retry_delay * 2, std::chrono::milliseconds(kRetryDelayMin),
                                                  std::chrono::milliseconds(kRetryDelayMax));
        std::erase(pipeline.ready, &tail);
        std::erase(pipeline.waiting, &tail);
        tail.state = Tail::State::rewinding;
    }
    if (draining_ || pipeline.retiring)
        pipeline.probe.extent_let_go(extent);
    else
        pipeline.probe.extent_failed(tail.path, extent, tail.retry_delay);
    if (is_first) tail.route->let_go();  // what waits in the sink lies behind it
}

void Shard::settle(Pipeline& pipeline, Tail& tail) {
    if (tail.go_to) {
        tail.move_to(*std::exchange(tail.go_to, std::nullopt));
        pipeline.probe.offset_set(tail.path, tail.watermark.offset);
        make_ready(pipeline, tail);
    }
    if (tail.state == Tail::State::rewinding && !draining_ && !pipeline.retiring) rewind_later(pipeline, tail);
    pass_descriptor_on(pipeline, tail);
}

void Shard::rewind_later(Pipeline& pipeline, Tail& tail) {
    if (!tail.retry) tail.retry = std::make_unique<base::Timer>(loop_);
    tail.retry->after(tail.retry_delay, [this, &pipeline, &tail] {
        tail.rewind();
        tail.state = Tail::State::idle;
        make_ready(pipeline, tail);
    });
}

void Shard::sink_ready() {
    for (auto* pipeline : rotation_)
        if (pipeline->sink->go_on()) {
            if (!collecting_since_) collecting_since_ = loop_.now();
            schedule_turns();
        }
    for (auto* pipeline : rotation_)
        std::erase_if(pipeline->waiting, [&](Tail* tail) {
            if (!tail->route->ready()) return false;
            tail->state = Tail::State::idle;
            make_ready(*pipeline, *tail);
            return true;
        });
}

}  // namespace agent::pipeline
