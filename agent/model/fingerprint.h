#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace agent::model {

// Hash (XXH3, 64 bits) and length of a stretch of a file of at most kBytesMax bytes.
//
// The *head* is that of a file's first bytes: it confirms an identity after a restart. The *anchor* is that of the last
// bytes before an offset: while it still matches, everything before the offset is what was read then, so that a file
// that was truncated and grew past the offset between two looks is noticed. Shorter than 1 KiB, constant line endings
// and banners would fool either.
struct Fingerprint {
    static constexpr std::uint32_t kBytesMax = 1024;

    std::uint32_t length = 0;
    std::uint64_t hash = 0;

    static Fingerprint of(std::string_view bytes);
    bool matches(std::string_view bytes) const;

    friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

}  // namespace agent::model
