// Lines to records, where a record may have several.
#pragma once

#include <cstdint>
#include <limits>

#include "agent/model/extent.h"
#include "common/process/multiline.h"

namespace agent::split {

constexpr model::FileOffset kNothingFollows{std::numeric_limits<std::uint64_t>::max()};

struct RecordLimit {
    std::uint64_t lines_max;
    std::uint64_t bytes_max;  // without the last line ending
};

// Joins lines that belong together; line endings between them stay. What goes over the limit begins a record of its
// own, and so does a long line, and each piece of one, of which the last may go on. Wherever a read ended, the same
// lines come together, as long as extents begin where records do.
//
// Thread: any; keeps nothing.
class RecordJoiner {
 public:
    RecordJoiner(process::Multiline multiline, RecordLimit limit) : multiline_(std::move(multiline)), limit_(limit) {}

    // `extent.records` are lines; the file is known up to `seen`, where the line behind the extent does not end. The
    // last record, if it may go on, is taken off the extent, which ends before it.
    void join(model::Extent& extent, model::FileOffset seen) const;

 private:
    class Joining;

    process::Multiline multiline_;
    RecordLimit limit_;
};

}  // namespace agent::split
