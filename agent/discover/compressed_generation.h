// Finds a rotated generation that was compressed, and makes a file of it that can be read on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/model/checkpoint.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace agent::discover {

constexpr std::size_t kCandidatesMax = 1024;              // compressed files that are tried for one checkpoint
constexpr std::uint64_t kUnpackedBytesMax = 16ULL << 30;  // bytes behind the watermark: disk space is what they cost

// What a checkpoint's file held, each byte at its own offset, as far as a reader wants it: the bytes of head and
// anchor, and those from the watermark on. In between is a hole, which takes no disk space.
struct UnpackedGeneration {
    base::SharedFd fd;               // an unlinked file: its space is free again when it is closed
    std::string path;                // of the compressed file
    std::uint64_t unread_bytes = 0;  // behind the watermark
};

struct UnpackOptions {
    std::string scratch_folder;  // the unlinked file is on its file system
    std::uint64_t bytes_max = kUnpackedBytesMax;
    std::stop_token stop = {};  // asked for between two pieces of 64 KiB
};

// Looks for the compressed form of the file that `checkpoint` remembers, and unpacks what was not read of it. Tried are
// the files that end in .gz or .zst, in the folders of the checkpoint's two paths, whose names begin with its last
// file name or with the stem of its first ("app" of app.log: app.log.1.gz, app-20260101.log.zst); the newest first.
// Compressing keeps the time of the original.
//
// One is taken for the file when it holds the bytes of head and anchor where the checkpoint has them, and no other
// does: they may lie in a banner that other generations have, too. Of those that fit, what was written to after the
// checkpoint was goes before what was not, which a head shorter than 1 KiB does not tell apart at all. none: there is
// none, or nothing can tell, because the checkpoint has no head: nothing was read of its file.
//
// Thread: one of its own: it reads whole files, decompresses them and writes to the disk, for seconds or minutes.
// Memory: that of a Decompressor. Crash: nothing is left behind, but for an empty file where the scratch folder's file
// system has no O_TMPFILE.
// Errors: a folder that cannot be listed; no file fits and some could not be read (damaged, cut off, no permission) or
// were not tried (kCandidatesMax); several fit; more than `bytes_max` to unpack; errno's of the scratch folder
// (missing, full); stopped. After an error nothing of it is left, and it may be tried again.
//
// Limitations: another folder (logrotate's olddir) is not looked into; of two that fit neither is taken.
base::Result<std::optional<UnpackedGeneration>> unpack_generation(const model::Checkpoint& checkpoint,
                                                                  const UnpackOptions& options);

}  // namespace agent::discover
