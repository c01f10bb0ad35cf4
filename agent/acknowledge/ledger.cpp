#include "agent/acknowledge/ledger.h"

#include "common/base/assert.h"

namespace agent::acknowledge {

void Ledger::open(const model::Extent& extent) {
    if (!open_.empty()) {
        AGENT_ASSERT(extent.seq.value == open_.back().seq.value + 1);
        AGENT_ASSERT(extent.begin == open_.back().end.offset);
    }
    open_.push_back({.seq = extent.seq, .begin = extent.begin, .end = {.offset = extent.end, .anchor = extent.anchor}});
}

std::optional<Step> Ledger::finish(model::ExtentSeq seq, const model::Dropped& dropped) {
    AGENT_ASSERT(!open_.empty() && seq >= open_.front().seq && seq <= open_.back().seq);
    auto& entry = open_[seq.value - open_.front().seq.value];
    AGENT_ASSERT(!entry.finished);
    entry.finished = true;
    entry.dropped = dropped;

    std::optional<Step> step;
    while (!open_.empty() && open_.front().finished) {
        if (!step) step.emplace();
        step->to = open_.front().end;
        model::add(step->dropped, open_.front().dropped);
        open_.pop_front();
    }
    return step;
}

Ledger::HeldBack Ledger::held_back() const {
    HeldBack held;
    for (const auto& entry : open_) {
        if (!entry.finished) continue;
        held.bytes += entry.end.offset - entry.begin;
        model::add(held.dropped, entry.dropped);
    }
    return held;
}

}  // namespace agent::acknowledge
