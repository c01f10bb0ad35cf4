#include "agent/pipeline/tail.h"

#include <algorithm>
#include <utility>

#include "common/base/assert.h"

namespace agent::pipeline {

namespace {

constexpr std::uint32_t kTogetherMax = 2048;  // so many were delivered together: the search is over
constexpr std::uint32_t kDeliveriesToGrow = 16;

}  // namespace

Tail::Tail(TailStart start, const model::LineLimit& limit)
    : id(start.id),
      identity(start.identity),
      file_id(start.identity.text()),
      origin_path(start.path),
      path(std::move(start.path)),
      reader(std::move(start.fd), limit),
      woken(std::move(start.woken)) {}

bool Tail::begin(const std::optional<model::Checkpoint>& checkpoint, bool at_end) {
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
    return !checkpoint || watermark.offset == checkpoint->watermark;
}

void Tail::open_extent(model::Extent& extent) {
    extent.tail = id;
    extent.seq = next_seq_;
    ++next_seq_.value;
    ledger_.open(extent);
    ++in_flight_;
}

bool Tail::close_extent(const model::Extent& extent) {
    AGENT_ASSERT(in_flight_ > 0);
    --in_flight_;
    if (!is_current(extent) || !extent.failure.empty()) return false;  // a failed one leaves its gap
    const auto moved = ledger_.finish(extent.seq);
    if (!moved) return false;
    watermark = *moved;
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

void Tail::start_anew() {
    ledger_ = {};
    epoch_ = next_seq_;
    watermark = {};
    head_ = {};
    reader.seek({}, {});
    dirty = true;
}

void Tail::move_to(model::FileOffset offset) {
    watermark = {.offset = offset, .anchor = reader.anchor_at(offset)};
    rewind();
    dirty = true;
}

model::Checkpoint Tail::checkpoint() {
    if (head_.length < model::Fingerprint::kBytesMax && watermark.offset.value > head_.length)
        head_ = reader.head(watermark.offset);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {
        .file = identity,
        .watermark = watermark.offset,
        .head = head_,
        .anchor = watermark.anchor,
        .origin_path = origin_path,
        .path = path,
        .updated_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count())};
}

std::uint64_t Tail::lag_bytes() const {
    const auto about = reader.look();
    return about && about->size > watermark.offset.value ? about->size - watermark.offset.value : 0;
}

}  // namespace agent::pipeline
