// The lines of a file in another encoding than the records'.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/model/extent.h"
#include "agent/split/text_decoder.h"

namespace agent::split {

// Makes the lines of an extent UTF-8, in its arena, where they lie behind each other with their line endings as they do
// in the file; a byte order mark at the file's beginning is left out. What is UTF-8 already stays where it is.
//
// Life: one per pipeline. Thread: one at a time; keeps nothing.
class LineDecoder {
 public:
    // Errors: the C library does not know the encoding.
    static base::Result<LineDecoder> make(const config::FileSourceConfig& config);

    // How many of the lines have bytes that are no character.
    std::uint32_t decode(model::Extent& extent) const;

 private:
    struct Encoding {
        config::TextEncoding encoding;
        TextDecoder decoder;
    };

    explicit LineDecoder(config::InvalidBytes invalid_bytes) : invalid_bytes_(invalid_bytes) {}
    bool is_utf8_already(const model::Extent& extent) const;
    std::uint32_t make_utf8(model::Extent& extent) const;

    std::vector<Encoding> decoders_;  // one, or of whatever a byte order mark may tell
    config::InvalidBytes invalid_bytes_;
};

}  // namespace agent::split
