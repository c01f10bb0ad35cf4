// Reads one open file, one extent of complete lines at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/model/books.h"
#include "agent/model/extent.h"
#include "agent/model/line_limit.h"
#include "agent/model/text_encoding.h"
#include "agent/read/buffer_pool.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace agent::read {

constexpr std::size_t kExtentBytesMax = 128 << 10;  // of a read; only a longer line makes a longer extent
constexpr std::size_t kReadBytes = kExtentBytesMax + model::Fingerprint::kBytesMax;  // with the anchor before it
constexpr std::size_t kScanBytesMax = 4 << 20;  // looked through in one turn for the end of a long line

enum class ReadStatus : std::uint8_t {
    extent,     // here it is; there may be more
    at_end,     // nothing complete to read; a partial line may wait for its end
    again,      // in the middle of a long line; come back
    truncated,  // the bytes before the offset are no longer those that were read: start anew
    failed,     // errno says why
};

struct ReadResult {
    ReadStatus status;
    model::ExtentPtr extent;
    int error = 0;
    bool drained = false;       // with `extent`: the file ended here, another read is not worth it now
    std::size_t looked_at = 0;  // with `extent`: bytes from its beginning on, of which it has the complete lines
};

// Keeps the offset of the next record and the anchor before it, which every read verifies; no bytes. An incomplete
// last line is read again when there is more of it. Of a file that is closed it knows what it saw last.
//
// Life: one per tail. Thread: its shard's. Crash: keeps nothing.
class Reader {
 public:
    // `file` may be null: it is closed. The encoding says where lines end.
    Reader(base::SharedFd file, model::LineLimit limit, config::TextEncoding encoding = config::TextEncoding::utf8);

    void open(base::SharedFd file) { file_ = std::move(file); }
    void close() { file_.reset(); }
    bool is_open() const { return file_ != nullptr; }
    const base::SharedFd& file() const { return file_; }

    // Goes to `offset`, behind bytes that have this anchor.
    void seek(model::FileOffset offset, const model::Fingerprint& anchor);
    void start_anew();  // the file was truncated: goes to its beginning
    // Goes back to `offset` in the extent that it made last, and reads at least so many bytes from there the next time.
    // What it saw then is what the next read must find: the anchor is that of the extent's bytes, not of the file now.
    void go_back(const model::Extent& last, model::FileOffset offset, std::size_t bytes_wanted = 0);

    ReadResult read(BufferPool& pool);

    // The partial last line of a file that is finished, as one piece of at most `bytes_max`; at_end if it is complete
    // by now, which is for read().
    ReadResult read_partial_line(BufferPool& pool);

    model::FileOffset offset() const { return offset_; }
    const model::Fingerprint& anchor() const { return anchor_; }
    model::FileOffset seen() const { return seen_; }                        // how far the file was seen to go
    void has_seen(model::FileOffset end) { seen_ = std::max(seen_, end); }  // somebody else, while it is closed
    // What a read missed of what had been seen behind the offset, told once: the file was cut off there.
    model::Loss take_cut_off() { return std::exchange(cut_off_, {}); }
    std::uint64_t partial_bytes() const { return scanned_ - offset_; }  // seen of the line that is not complete

    // The file's head below `end`, for the checkpoint. Short or unreadable: what could be read.
    model::Fingerprint head(model::FileOffset end) const;
    model::Fingerprint anchor_at(model::FileOffset offset) const;
    std::string first_bytes(std::size_t bytes_max) const { return pread(bytes_max, {}); }  // what can be read of them

    // Size in bytes and whether a name is left for it. Errors: errno's, closed.
    struct About {
        std::uint64_t size;
        std::uint64_t disk_bytes;
        bool deleted;
    };
    base::Result<About> look();

    // Whether the file still holds what a checkpoint remembers of it.
    bool recognises(const model::Fingerprint& head, const model::Fingerprint& anchor, model::FileOffset offset) const;

    // The start of the last, incomplete line of the file as it is now: where "from the end" begins.
    model::FileOffset last_line_start();

 private:
    struct View {  // a read that was verified: the bytes from offset_ on
        model::Buffer buffer;
        std::size_t size = 0;
        const char* data() const { return buffer.bytes.get() + guard; }
        std::size_t guard = 0;
    };
    ReadResult read_view(BufferPool& pool, std::size_t want, View& view);  // status extent: the view holds
    ReadResult read_long_line(BufferPool& pool, View view);
    ReadResult end_of_long_line(BufferPool& pool, View view);
    ReadResult make_extent(BufferPool& pool, View view, std::size_t size, model::FileOffset end,
                           model::ExtentForm form);
    std::string pread(std::size_t size, model::FileOffset offset) const;
    bool knows_encoding();
    model::FileOffset whole_units(model::FileOffset end) const;

    base::SharedFd file_;  // tails of several pipelines share it: reads carry their offset
    model::LineLimit limit_;
    config::TextEncoding configured_encoding_;
    config::TextEncoding encoding_;  // by_bom: the file has not told it yet
    model::Newline newline_;
    model::FileOffset offset_;
    model::FileOffset scanned_;  // no line ending was seen in [offset_, scanned_)
    std::size_t bytes_wanted_ = 0;
    model::FileOffset seen_;
    model::Loss cut_off_;
    model::Fingerprint anchor_;
    model::Fingerprint last_anchor_;  // before the extent that was made last
};

}  // namespace agent::read
