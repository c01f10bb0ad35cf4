#pragma once

#include <cstdint>
#include <string>

#include "agent/model/file_identity.h"
#include "agent/model/fingerprint.h"
#include "agent/model/ids.h"

namespace agent::model {

// The durable watermark of one file for one pipeline, with what is needed to know the file again.
struct Checkpoint {
    FileIdentity file;
    FileOffset watermark;
    FileOffset seen;               // how far the file was seen to go
    Fingerprint head;              // of the first bytes below the watermark
    Fingerprint anchor;            // of the last bytes below the watermark
    std::string origin_path;       // the path under which the pipeline first followed it; templates are filled from it
    std::string path;              // the last one that was known
    std::uint64_t updated_ms = 0;  // Unix time
    std::uint64_t missing_ms = 0;  // Unix time since which no path leads to the file, which was told; 0: one does
    std::uint64_t unowned_ms = 0;  // Unix time since which no pipeline has this name; 0: one has

    // Seen, and not finished. A watermark that was set by hand may be beyond what was seen.
    std::uint64_t unread_bytes() const { return seen > watermark ? seen - watermark : 0; }

    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

}  // namespace agent::model
