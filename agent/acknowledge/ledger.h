// From acknowledgements to the watermark.
#pragma once

#include <deque>
#include <optional>

#include "agent/model/extent.h"

namespace agent::acknowledge {

// Up to where everything is finished, and what the file looked like just before it.
struct Watermark {
    model::FileOffset offset;
    model::Fingerprint anchor;

    friend bool operator==(const Watermark&, const Watermark&) = default;
};

// One move of the watermark.
struct Step {
    Watermark to;
    model::Dropped dropped{};  // bytes of what it passed

    friend bool operator==(const Step&, const Step&) = default;
};

// Turns acknowledgements, which arrive in any order, into one watermark that only moves forward: the end of the longest
// finished prefix of extents.
//
// Life: one per tail, from one rewind to the next. Thread: its shard's; no locks.
// Crash: nothing here is durable. A restart reads again from the checkpoint: duplicates, no loss.
class Ledger {
 public:
    // `extent` follows the one opened before it.
    void open(const model::Extent& extent);

    // All records of the extent have their final word, `dropped` of its bytes by a drop. The step of the watermark, if
    // it moved: a gap holds it back.
    std::optional<Step> finish(model::ExtentSeq seq, const model::Dropped& dropped = {});

    // The extent is about to go to the dead-letter topic. False: it may not yet, since one before it is neither
    // finished nor on its way there; what is set aside keeps the order of its file.
    bool set_aside(model::ExtentSeq seq);

    // The extent failed: it stays a gap until it is read again.
    void fail(model::ExtentSeq seq);

    // What is finished and held back by a gap.
    struct HeldBack {
        std::uint64_t bytes = 0;
        model::Dropped dropped{};
    };
    HeldBack held_back() const;

    bool empty() const { return open_.empty(); }
    std::size_t size() const { return open_.size(); }

 private:
    enum class State : std::uint8_t { open, set_aside, finished };
    struct Entry {
        model::ExtentSeq seq;
        model::FileOffset begin;
        Watermark end;
        State state = State::open;
        model::Dropped dropped{};
    };
    Entry& entry(model::ExtentSeq seq);

    std::deque<Entry> open_;  // consecutive seqs
};

}  // namespace agent::acknowledge
