// Reads a compressed file as the bytes that were put into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace agent::discover {

enum class Compression : std::uint8_t { gzip, zstd };

// By the ending of a file's name: .gz or .zst. none: it has neither.
std::optional<Compression> compression_of(std::string_view name);

// The bytes of all members (gzip) or frames (zstd) of a file, one after the other.
//
// Thread: one at a time; waits for the disk. Memory: below 1 MiB, and for zstd the window with which the file was made:
// 8 MiB for its ordinary levels, kZstdWindowLogMax at most.
// Limitations: a file that was cut off exactly between two members looks whole; damage to a zstd frame without a
// checksum may pass (its program writes one unless told not to). Whatever follows the last member counts as damage.
class Decompressor {
 public:
    static constexpr int kZstdWindowLogMax = 27;  // 128 MiB, as zstd's own program has it without --long

    // `fd` is read from where it stands.
    static std::unique_ptr<Decompressor> create(base::SharedFd fd, Compression compression);
    virtual ~Decompressor() = default;
    Decompressor(const Decompressor&) = delete;
    Decompressor& operator=(const Decompressor&) = delete;

    // Fills `into`; with fewer bytes the file ends, and was whole. Errors: errno's of reading; the file is damaged or
    // cut off, with the byte of the compressed file at which that was seen. Nothing is to be read after an error.
    base::Result<std::size_t> read(std::span<char> into);

 protected:
    struct Step {
        std::size_t consumed = 0;
        std::size_t produced = 0;
        bool member_ended = false;
    };

    explicit Decompressor(base::SharedFd fd);

 private:
    static constexpr std::size_t kInputBytes = 64 << 10;

    // Goes on as far as input and room last, within one member. Errors: what the library says of the input.
    virtual base::Result<Step> decode(std::string_view input, std::span<char> into) = 0;
    base::Result<void> refill();  // input_ stays empty at the end of the file

    base::SharedFd fd_;
    std::string buffer_;
    std::string_view input_;        // of buffer_, not yet decoded
    std::uint64_t offset_ = 0;      // in the compressed file, of input_
    bool between_members_ = false;  // an empty file has no member: it is cut off
};

}  // namespace agent::discover
