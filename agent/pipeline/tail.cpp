#include "agent/pipeline/tail.h"

#include <algorithm>
#include <utility>

#include "common/base/assert.h"

namespace agent::pipeline {

namespace {

constexpr std::uint32_t kTogetherMax = 2048;  // so many were delivered together: the search is over
constexpr std::uint32_t kDeliveriesToGrow = 16;

}  // namespace

Tail::Tail(TailStart start, const model::LineLimit& limit, config::TextEncoding encoding)
    : id(start.id),
      identity(start.identity),
      origin_path(start.path),
      path(std::move(start.path)),
      fields(std::move(start.fields)),
      reader(std::move(start.fd), limit, encoding),
      woken(std::move(start.woken)),
      is_copy(start.is_copy),
      beginning_(std::make_unique<const Beginning>(std::move(start.checkpoint), start.at_end)) {}

std::optional<model::Loss> Tail::begin() {
    const auto [checkpoint, at_end] = *std::exchange(beginning_, nullptr);
    dirty = true;  // even at offset 0: a file that is rotated while nobody looks is found again by its checkpoint
    if (checkpoint && reader.recognises(checkpoint->head, checkpoint->anchor, checkpoint->watermark)) {
        watermark = {.offset = checkpoint->watermark, .anchor = checkpoint->anchor};
        head_ = checkpoint->head;
        origin_path = checkpoint->origin_path;
        dirty = checkpoint->path != path || checkpoint->file != identity;
    } else if (!checkpoint && at_end) {
        move_to(reader.last_line_start());
    }
    reader.seek(watermark.offset, watermark.anchor);
    begin_books();
    if (!checkpoint) return std::nullopt;
    auto begin = std::min(checkpoint->watermark, checkpoint->seen);
    if (watermark.offset == checkpoint->watermark) {  // it is as it was up to there; behind that, it may be cut off
        const auto about = reader.look();
        if (!about || about->size >= checkpoint->seen.value) return std::nullopt;
        begin = std::max(begin, model::FileOffset{about->size});
    }
    const model::Loss loss{.begin = begin, .end = checkpoint->seen, .bytes = checkpoint->seen - begin};
    book_cut_off(loss, model::LossReason::truncated_while_stopped);
    return loss;
}

// The file has no more of it, and its epoch goes on.
void Tail::book_cut_off(const model::Loss& loss, model::LossReason why) {
    books_.seen += loss.bytes;
    books_.lost_for(why) += loss.bytes;
}

void Tail::open_extent(model::Extent& extent) {
    extent.tail = id;
    extent.seq = next_seq_;
    ++next_seq_.value;
    ledger_.open(extent);
    ++in_flight_;
    in_flight_bytes_ += extent.end - extent.begin;
    read_end_ = std::max(read_end_, extent.end);
}

bool Tail::close_extent(const model::Extent& extent) {
    AGENT_ASSERT(in_flight_ > 0);
    --in_flight_;
    const std::uint64_t bytes = extent.end - extent.begin;
    if (!is_current(extent)) {
        if (extent.failure.empty())
            books_.pass(bytes, extent.dropped);
        else
            books_.lost_for(why_stale_) += bytes;
        return false;
    }
    in_flight_bytes_ -= bytes;
    if (!extent.failure.empty()) {
        ledger_.fail(extent.seq);
        return false;
    }
    const auto step = ledger_.finish(extent.seq, extent.dropped);
    if (!step) return false;
    books_.pass(step->to.offset - watermark.offset, step->dropped);
    watermark = step->to;
    retry_delay = {};
    dirty = true;
    return true;
}

void Tail::look_closer(const model::Extent& rejected) {
    const std::uint32_t half = std::max(rejected.record_count / 2, 1U);
    records_max = records_max == 0 ? half : std::min(records_max, half);
    delivered_in_a_row_ = 0;
    route->set_alone(true);
}

void Tail::look_further() {
    if (records_max == 0 || ++delivered_in_a_row_ < kDeliveriesToGrow) return;
    delivered_in_a_row_ = 0;
    if (records_max >= kTogetherMax) return stop_looking();
    records_max *= 2;
}

void Tail::stop_looking() {
    records_max = 0;
    route->set_alone(false);
}

void Tail::rewind() {
    AGENT_ASSERT(in_flight_ == 0);
    ledger_ = {};
    epoch_ = next_seq_;
    reader.seek(watermark.offset, watermark.anchor);
}

model::Loss Tail::start_anew() {
    const auto loss = end_epoch(model::LossReason::truncated);
    watermark = {};
    head_ = {};
    is_within_line = false;
    lent_lines = {};
    reader.start_anew();
    begin_books();
    dirty = true;
    return loss;
}

model::Loss Tail::give_up() {
    (void)reader.look();
    const auto loss = end_epoch(model::LossReason::deleted);
    reader.close();
    go_to.reset();
    is_within_line = false;
    given_up = true;
    return loss;
}

// What was finished behind a gap was taken; what is in flight will be told by close_extent(); the rest is lost.
model::Loss Tail::end_epoch(model::LossReason why) {
    const auto seen = std::max(reader.seen(), read_end_);
    const auto taken = ledger_.held_back();
    books_.pass(taken.bytes, taken.dropped);
    const model::Loss loss{
        .begin = watermark.offset, .end = seen, .bytes = seen - watermark.offset - taken.bytes - in_flight_bytes_};
    books_.lost_for(why) += loss.bytes;
    books_.seen += seen - epoch_begin_;
    books_.read += read_end_ - epoch_begin_;
    epoch_begin_ = read_end_ = seen;
    why_stale_ = why;
    in_flight_bytes_ = 0;
    ledger_ = {};
    epoch_ = next_seq_;
    return loss;
}

// The books of an epoch begin at its watermark.
void Tail::begin_books() {
    epoch_begin_ = read_end_ = watermark.offset;
}

model::Loss Tail::take_cut_off() {
    const auto loss = reader.take_cut_off();
    book_cut_off(loss, model::LossReason::truncated);
    if (loss.bytes > 0 && read_end_ > loss.begin) {
        books_.read += read_end_ - loss.begin;
        read_end_ = loss.begin;
    }
    return loss;
}

model::Books Tail::books() const {
    auto books = books_;
    books.seen += std::max(reader.seen(), read_end_) - epoch_begin_;
    books.read += read_end_ - epoch_begin_;
    return books;
}

void Tail::move_to(model::FileOffset offset) {
    go_to_watermark({.offset = offset, .anchor = reader.anchor_at(offset)});
}

void Tail::lent(const model::Borrowed& lines) {
    AGENT_ASSERT(watermark.offset.value == 0);
    lent_lines = lines.lent;
    if (lines.head_bytes == 0) return;
    books_.seen += lines.head_bytes;
    books_.read += lines.head_bytes;
    books_.pass(lines.head_bytes, {});
    go_to_watermark({.offset = {lines.head_bytes}, .anchor = lines.head_anchor});
}

void Tail::go_to_watermark(acknowledge::Watermark to) {
    books_.seen += watermark.offset - epoch_begin_;
    books_.read += watermark.offset - epoch_begin_;
    watermark = to;
    rewind();
    begin_books();
    dirty = true;
}

void Tail::open_file(base::SharedFd fd) {
    reader.open(std::move(fd));
    closed_as_.reset();
}

void Tail::close_file(const std::optional<discover::FileState>& as, std::string handle) {
    AGENT_ASSERT(has_begun() && in_flight_ == 0);
    look_at_head();
    (void)reader.look();
    reader.close();
    closed_as_ = as;
    handle_ = std::move(handle);
}

void Tail::look_at_head() {
    if (head_.length < model::Fingerprint::kBytesMax && watermark.offset.value > head_.length && reader.is_open())
        head_ = reader.head(watermark.offset);
}

std::optional<model::Checkpoint> Tail::checkpoint_before() const {
    return beginning_ ? beginning_->checkpoint : std::nullopt;
}

model::Checkpoint Tail::checkpoint() {
    AGENT_ASSERT(has_begun());
    look_at_head();
    (void)reader.look();
    stored_seen_ = std::max(reader.seen(), watermark.offset);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {
        .file = identity,
        .watermark = watermark.offset,
        .seen = stored_seen_,
        .head = head_,
        .anchor = watermark.anchor,
        .origin_path = origin_path,
        .path = path,
        .updated_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count())};
}

bool Tail::has_grown() {
    (void)reader.look();
    return reader.seen() > stored_seen_;
}

std::uint64_t Tail::size_bytes() {
    const auto about = reader.look();
    if (about) return about->size;
    return given_up ? 0 : reader.seen().value;
}

std::uint64_t Tail::lag_bytes() {
    const auto size = size_bytes();
    return size > watermark.offset.value ? size - watermark.offset.value : 0;
}

}  // namespace agent::pipeline
