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

// Turns acknowledgements, which arrive in any order, into one watermark that only moves forward: the end of the longest
// finished prefix of extents.
//
// Life: one per tail, from one rewind to the next. Thread: its shard's; no locks.
// Crash: nothing here is durable. A restart reads again from the checkpoint: duplicates, no loss.
class Ledger {
 public:
    // `extent` follows the one opened before it.
    void open(const model::Extent& extent);

    // All records of the extent have their final word. The new watermark, if it moved: a gap holds it back.
    std::optional<Watermark> finish(model::ExtentSeq seq);

    bool empty() const { return open_.empty(); }
    std::size_t size() const { return open_.size(); }

 private:
    struct Entry {
        model::ExtentSeq seq;
        Watermark end;
        bool finished = false;
    };
    std::deque<Entry> open_;  // consecutive seqs
};

}  // namespace agent::acknowledge
