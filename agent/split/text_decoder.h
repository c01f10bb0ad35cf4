// Text in the encodings that files are written in, to UTF-8.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.h"
#include "common/config/config.h"

namespace agent::split {

// By the C library's iconv(3), which loads a module for all but UTF-8; `check` says where it is not installed.
//
// Life: one per pipeline and encoding; copies are the same one. Thread: one at a time.
class TextDecoder {
 public:
    // Errors: the C library does not know the encoding. Not of by_bom, which is none.
    static base::Result<TextDecoder> make(config::TextEncoding encoding);

    // False: it has bytes that are no character, for each of which U+FFFD was appended.
    bool append(std::string& out, std::string_view bytes) const;

 private:
    TextDecoder(std::shared_ptr<void> descriptor, std::size_t unit_bytes)
        : descriptor_(std::move(descriptor)), unit_bytes_(unit_bytes) {}

    std::shared_ptr<void> descriptor_;  // iconv_t
    std::size_t unit_bytes_;            // that are passed over where they are no character
};

// UTF-8 bytes for one of the encoding, at most; what is no character becomes three.
std::size_t utf8_growth_max(config::TextEncoding encoding);

}  // namespace agent::split
