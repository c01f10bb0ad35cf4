#include "agent/acknowledge/ledger.h"

#include "common/base/assert.h"

namespace agent::acknowledge {

void Ledger::open(const model::Extent& extent) {
    if (!open_.empty()) {
        AGENT_ASSERT(extent.seq.value == open_.back().seq.value + 1);
        AGENT_ASSERT(extent.begin == open_.back().end.offset);
    }
    open_.push_back({.seq = extent.seq, .end = {.offset = extent.end, .anchor = extent.anchor}});
}

std::optional<Watermark> Ledger::finish(model::ExtentSeq seq) {
    AGENT_ASSERT(!open_.empty() && seq >= open_.front().seq && seq <= open_.back().seq);
    auto& entry = open_[seq.value - open_.front().seq.value];
    AGENT_ASSERT(!entry.finished);
    entry.finished = true;

    std::optional<Watermark> watermark;
    while (!open_.empty() && open_.front().finished) {
        watermark = open_.front().end;
        open_.pop_front();
    }
    return watermark;
}

}  // namespace agent::acknowledge
