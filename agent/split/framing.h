// Records out of an extent's bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "agent/model/extent.h"
#include "agent/model/line_limit.h"
#include "agent/split/container_decoder.h"
#include "agent/split/line_decoder.h"
#include "agent/split/record_joiner.h"
#include "agent/split/splitter.h"
#include "common/base/result.h"
#include "common/config/config.h"

namespace agent::split {

// How a pipeline makes records of its files' bytes.
struct Framing {
    model::LineLimit line_limit = {};
    config::TextEncoding encoding = config::TextEncoding::utf8;
    std::optional<LineDecoder> decoder = {};           // none: lines are what the file has
    std::optional<ContainerDecoder> container = {};    // none: they were not written by a container's runtime
    std::optional<RecordJoiner> joiner = {};           // none: a record is a line
    std::chrono::steady_clock::duration timeout = {};  // a record that may go on waits so long for another line
    std::uint64_t reach_bytes_max = 0;                 // a container's line that is in pieces is not longer in its file

    // A record that would be refused for its size is too long, whatever the config allows: it must not stop its file.
    // `record_bytes_max`: what the sink takes. Errors: those of the patterns, which the config was checked for; the C
    // library does not know the encoding.
    static base::Result<Framing> make(const config::FileSourceConfig& config,
                                      std::uint64_t record_bytes_max = std::numeric_limits<std::uint64_t>::max());
};

constexpr std::size_t kAllRecords = std::numeric_limits<std::size_t>::max();

// Fills `extent.records` with at most `records_max`; the extent ends with the last of them. None, and an extent that
// ends where it begins: its one record may go on. `seen`: how far the file is known. For
// `records_max`, a container's streams are not apart: records that overlap could not be taken one by one. What it
// borrowed is framed with it.
LineFaults frame(model::Extent& extent, const Framing& framing, model::FileOffset seen,
                 std::size_t records_max = kAllRecords, Streams streams = Streams::apart);

// Makes the records of an extent once more that it was framed to, and that was delivered since.
void frame_again(model::Extent& extent, const Framing& framing, Streams streams);

}  // namespace agent::split
