// Lines to records, where a record may have several.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "agent/model/extent.h"
#include "agent/split/container_decoder.h"
#include "common/process/multiline.h"

namespace agent::split {

constexpr model::FileOffset kNothingFollows{std::numeric_limits<std::uint64_t>::max()};

struct RecordLimit {
    std::uint64_t lines_max = 1;
    std::uint64_t bytes_max = 0;        // of its text, without the last line ending
    std::uint64_t reach_bytes_max = 0;  // in the file, of records of two streams that overlap: of one record otherwise
    std::chrono::system_clock::duration pause_max = {};  // between two lines of a container, by their own times
};

// Joins lines that belong together; line endings between them stay. What goes over the limit begins a record of its
// own, and so does a long line, and each piece of one, of which the last may go on. Wherever a read ended, the same
// lines come together, as long as extents begin where records do and no limit is met.
//
// A container's streams are joined each for itself: records may overlap, and are in the order of their first lines.
//
// Thread: any; keeps nothing.
class RecordJoiner {
 public:
    // Without `multiline`, a record is a line, which may wait for its last piece.
    RecordJoiner(std::optional<process::Multiline> multiline, RecordLimit limit)
        : multiline_(std::move(multiline)), limit_(limit) {}

    // `extent.records` are lines; the file is known up to `seen`, where the line behind the extent does not end. What
    // may go on is taken off the extent, which ends before it and before what it overlaps with.
    void join(model::Extent& extent, model::FileOffset seen, Streams streams = Streams::apart) const;

 private:
    class Joining;

    std::optional<process::Multiline> multiline_;
    RecordLimit limit_;
};

}  // namespace agent::split
