#include "agent/acknowledge/ledger.h"

#include <algorithm>

#include "common/base/assert.h"

namespace agent::acknowledge {

void Ledger::open(const model::Extent& extent) {
    if (!open_.empty()) {
        AGENT_ASSERT(extent.seq.value == open_.back().seq.value + 1);
        AGENT_ASSERT(extent.begin == open_.back().end.offset);
    }
    open_.push_back({.seq = extent.seq, .begin = extent.begin, .end = {.offset = extent.end, .anchor = extent.anchor}});
}

Ledger::Entry& Ledger::entry(model::ExtentSeq seq) {
    AGENT_ASSERT(!open_.empty() && seq >= open_.front().seq && seq <= open_.back().seq);
    auto& entry = open_[seq.value - open_.front().seq.value];
    AGENT_ASSERT(entry.state != State::finished);
    return entry;
}

bool Ledger::set_aside(model::ExtentSeq seq) {
    auto& it = entry(seq);
    const auto end = open_.begin() + static_cast<std::ptrdiff_t>(seq.value - open_.front().seq.value);
    const auto is_open = [](const Entry& before) { return before.state == State::open; };
    if (std::any_of(open_.begin(), end, is_open)) return false;
    it.state = State::set_aside;
    return true;
}

void Ledger::fail(model::ExtentSeq seq) {
    entry(seq).state = State::open;
}

std::optional<Step> Ledger::finish(model::ExtentSeq seq, const model::Dropped& dropped) {
    auto& finished = entry(seq);
    finished.state = State::finished;
    finished.dropped = dropped;

    std::optional<Step> step;
    while (!open_.empty() && open_.front().state == State::finished) {
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
        if (entry.state != State::finished) continue;
        held.bytes += entry.end.offset - entry.begin;
        model::add(held.dropped, entry.dropped);
    }
    return held;
}

}  // namespace agent::acknowledge
