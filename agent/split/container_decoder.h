// The lines of a container's log: what the container wrote, out of what its runtime wrote about it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/model/extent.h"
#include "agent/split/container_line.h"

namespace agent::split {

// Whether a record may have parts on both sides of another stream's line.
enum class Streams : std::uint8_t { apart, in_file_order };

struct ContainerLimit {
    std::uint64_t line_bytes_max;                   // of the text of a line; more begin another one
    std::uint64_t reach_bytes_max;                  // from its first piece to its last one in the file
    std::chrono::system_clock::duration pause_max;  // between two pieces, by their own times
};

// Puts each line's text into the extent's arena, where those of one stream lie behind each other, and says in
// `extent.marks` what else its line told; joins what the runtime wrote in pieces. A line that is none of a container's
// log stays as it is, as Stream::none.
//
// Life: one per pipeline. Thread: one at a time; keeps nothing.
class ContainerDecoder {
 public:
    explicit ContainerDecoder(ContainerLimit limit) : limit_(limit) {}

    // How many of the lines are none.
    std::uint32_t decode(model::Extent& extent, Streams streams = Streams::apart) const;

    // How many bytes of `newer`, a log's first whole lines, complete what `older`, the last ones of the log before it,
    // is in the middle of: behind them no stream is within a line. none: all of them do not.
    std::optional<std::size_t> bytes_to_complete(std::string_view older, std::string_view newer) const;

 private:
    class Decoding;

    ContainerLineParser parser_;
    ContainerLimit limit_;
};

}  // namespace agent::split
