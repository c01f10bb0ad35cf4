// Which file it is, whatever it is called.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace agent::model {

// Where an inode's generation was learnt from. Part of the identity: values of two kinds are never equal.
enum class GenerationKind : std::uint8_t {
    none = 0,        // the file system tells neither; device and inode must do
    handle = 1,      // hash of name_to_handle_at(2)'s file handle, which holds the generation (ext4, xfs, btrfs)
    birth_time = 2,  // statx(2) stx_btime in nanoseconds
};

struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t generation = 0;
    GenerationKind generation_kind = GenerationKind::none;

    friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;

    // "fd00-1a2b-9f…", hexadecimal: device, inode, generation. The `file_id` header and `checkpoints` show it.
    std::string text() const;
};

}  // namespace agent::model

template <>
struct std::hash<agent::model::FileIdentity> {
    std::size_t operator()(const agent::model::FileIdentity& id) const noexcept {
        return std::hash<std::uint64_t>{}(id.inode * 0x9e3779b97f4a7c15ULL ^ id.generation ^ (id.device << 32U));
    }
};
