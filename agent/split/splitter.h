// Lines out of an extent's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "agent/model/extent.h"
#include "agent/model/line_limit.h"

namespace agent::split {

// What was wrong with the lines of one extent, and became of them.
struct LineFaults {
    std::uint32_t split = 0;  // these three: longer than a line may be
    std::uint32_t truncated = 0;
    std::uint32_t skipped = 0;
    std::uint32_t undecodable = 0;
};

// Fills `extent.records`, and `extent.dropped` with what long lines lose. A line ends with "\n" or "\r\n", which is not
// part of the record; an empty line is a record. Lines over the limit fare as the policy says, with the same result
// wherever a read happened to end. After record number `records_max`, which may be a piece of a line, it stops and the
// extent ends there.
//
// Thread: any; keeps nothing.
LineFaults split_lines(model::Extent& extent, const model::LineLimit& limit,
                       std::size_t records_max = std::numeric_limits<std::size_t>::max());

}  // namespace agent::split
