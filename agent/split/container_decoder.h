// The lines of a container's log: what the container wrote, out of what its runtime wrote about it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

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
// `extent.marks` what else its line told; joins what the runtime wrote in pieces, and leaves out what was lent. A line
// that is none of a container's log stays as it is, as Stream::none.
//
// Life: one per pipeline. Thread: one at a time; keeps nothing.
class ContainerDecoder {
 public:
    explicit ContainerDecoder(ContainerLimit limit) : limit_(limit) {}

    // How many of the lines are none.
    std::uint32_t decode(model::Extent& extent, Streams streams = Streams::apart) const;

    // Whether a stream's last line in `lines`, which are whole ones, waits for another piece.
    bool ends_within_line(std::string_view lines) const;

    // Of a log's first lines, those that complete what the log before it ends in the middle of.
    struct Continuation {
        std::vector<std::string_view> lines;  // of `newer`, with their line endings
        model::Lent lent{};                   // the same, as offsets
    };
    // none: `older` ends with whole lines, or `newer` has not all that completes them.
    std::optional<Continuation> continuation(std::string_view older, std::string_view newer) const;

 private:
    class Decoding;
    using WithinLine = std::array<bool, model::kStreams>;

    WithinLine streams_within_line(std::string_view lines) const;

    ContainerLineParser parser_;
    ContainerLimit limit_;
};

}  // namespace agent::split
