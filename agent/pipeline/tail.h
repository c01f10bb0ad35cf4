#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "agent/acknowledge/ledger.h"
#include "agent/deliver/sink.h"
#include "agent/discover/container_fields.h"
#include "agent/discover/open_file.h"
#include "agent/model/books.h"
#include "agent/model/checkpoint.h"
#include "agent/read/reader.h"
#include "common/base/event_loop.h"

namespace agent::pipeline {

// Whether a tail will be read once more: who sets it also makes the tail ready, and it is cleared before each read. The
// control thread sets it as well, so that the growth of a file that is going to be read anyway wakes nobody.
using Woken = std::atomic<bool>;

class Tail;

// What a tail needs to begin.
struct TailStart {
    model::TailId id;
    std::string path;
    model::FileIdentity identity;
    base::SharedFd fd;  // null: it is opened later
    std::optional<model::Checkpoint> checkpoint;
    bool at_end = false;
    bool is_copy = false;  // `fd` has what the file held, and is not it
    discover::Fields fields = {};
    std::shared_ptr<Woken> woken = std::make_shared<Woken>(false);
};

// Those of one file that rotation left: a list from `newest` on.
struct Generations {
    std::uint64_t key = 0;
    Tail* newest = nullptr;
    bool has_plain_name = false;  // one has no generation in its name: else worker.1 and worker.2 are just two files
};

// One file followed for one pipeline.
//
// An *epoch* is the time from one rewind or truncation to the next: extents of an older epoch still come back, but no
// longer move the watermark.
//
// Life: from discovery until the file is gone and finished, or the pipeline ends. Thread: its shard's.
// Crash: `watermark` is written to the checkpoint store once a second; everything after it is read again.
class Tail {
 public:
    // wanting: a descriptor.
    enum class State : std::uint8_t { idle, ready, waiting, wanting, rewinding };

    Tail(TailStart start, const model::LineLimit& limit, config::TextEncoding encoding = config::TextEncoding::utf8);

    // With its file open for the first time: goes to the checkpoint, the end or the beginning. A loss, of no bytes
    // perhaps: the file is not what its checkpoint remembers.
    std::optional<model::Loss> begin();
    bool has_begun() const { return beginning_ == nullptr; }

    void open_file(base::SharedFd fd);

    // Of a tail that has begun, and has nothing in flight. `as`: how its file is left, if it was read to its end.
    void close_file(const std::optional<discover::FileState>& as, std::string handle);
    const std::string& handle() const { return handle_; }  // of the file that is closed
    // none: it is open, or was not read to its end.
    const std::optional<discover::FileState>& closed_as() const { return closed_as_; }

    // Takes the next number, and into the books.
    void open_extent(model::Extent& extent);

    // An extent came back. True: the watermark moved.
    bool close_extent(const model::Extent& extent);
    bool is_current(const model::Extent& extent) const { return extent.seq >= epoch_; }
    // Of a current one, which may go to the dead-letter topic now; see Ledger::set_aside().
    bool set_aside(const model::Extent& extent) { return ledger_.set_aside(extent.seq); }
    bool has_in_flight() const { return in_flight_ > 0; }
    bool is_at_beginning() const { return has_begun() && reader.offset().value == 0 && !has_in_flight(); }

    void rewind();                            // nothing in flight: reads again from the watermark
    model::Loss start_anew();                 // the file was truncated: a new epoch, from its beginning
    model::Loss give_up();                    // the file was deleted and may not be kept: nothing is read any more
    void move_to(model::FileOffset offset);   // by hand; nothing in flight
    void lent(const model::Borrowed& lines);  // to an older generation's extent, which is through

    model::Checkpoint checkpoint();  // as it is now; looks at the file's head while that is short
    std::optional<model::Checkpoint> checkpoint_before() const;  // of a tail that has not begun
    std::uint64_t size_bytes();                                  // of its file; 0 once it was given up
    std::uint64_t lag_bytes();
    bool has_grown();  // beyond what the last checkpoint() saw
    model::Books books() const;
    model::Loss take_cut_off();                                 // into the books, after each read; see the reader
    model::LossReason why_stale() const { return why_stale_; }  // an extent of an ended epoch that was not taken

    model::TailId id;
    model::FileIdentity identity;
    std::string file_id() const { return identity.text(); }
    std::string origin_path;  // under which the pipeline first followed it
    std::string path;
    discover::Fields fields;  // of all its records
    read::Reader reader;
    std::unique_ptr<deliver::Route> route;
    acknowledge::Watermark watermark;
    State state = State::idle;
    std::shared_ptr<Woken> woken;
    bool dirty = false;  // the checkpoint store does not know the watermark yet
    bool is_copy;
    bool unopenable = false;  // when it was tried last, though its path leads to it
    bool rotated = false;     // renamed while we followed it
    bool was_at_end = false;  // since it is this generation: read so far
    Tail* older = nullptr;    // generation of the same file; null: this is the oldest
    Tail* newer = nullptr;
    bool is_within_line = false;  // a container's: if it was rotated there, the line goes on in the newer one
    bool is_held = false;         // until the older one is through with its last line
    model::Lent lent_lines{};
    void not_waited_for() { is_within_line = false, was_at_end = true; }  // by the newer one: it cannot be read now
    Generations* generations = nullptr;
    bool left = false;  // no path that we know leads to it
    std::chrono::steady_clock::time_point left_at;
    bool given_up = false;
    std::chrono::steady_clock::time_point grown_at = std::chrono::steady_clock::now();
    std::chrono::milliseconds retry_delay{0};  // grows while nothing is acknowledged
    std::unique_ptr<base::Timer> retry;
    std::optional<model::FileOffset> go_to;  // move_to() as soon as nothing is in flight

    // Of lines that are joined to records: since when nothing was added to the file's end.
    struct Joining {
        explicit Joining(base::EventLoop& loop) : timer(loop) {}
        model::FileOffset end;
        std::chrono::steady_clock::time_point since;
        base::Timer timer;  // when the last record is complete
    };
    std::unique_ptr<Joining> joining;

    // Looking for a rejected record: so many at most go together, half as many after each rejection, twice as many
    // after a run of deliveries. 0: nobody looks.
    std::uint32_t records_max = 0;
    void look_closer(const model::Extent& rejected);
    void look_further();
    void stop_looking();

 private:
    struct Beginning {
        std::optional<model::Checkpoint> checkpoint;
        bool at_end;
    };

    void go_to_watermark(acknowledge::Watermark to);
    void look_at_head();
    model::Loss end_epoch(model::LossReason why);
    void begin_books();
    void book_cut_off(const model::Loss& loss, model::LossReason why);

    std::unique_ptr<const Beginning> beginning_;  // until begin()
    std::optional<discover::FileState> closed_as_;
    std::string handle_;
    acknowledge::Ledger ledger_;
    model::ExtentSeq next_seq_;
    model::ExtentSeq epoch_;
    std::size_t in_flight_ = 0;          // extents, of all epochs
    std::uint64_t in_flight_bytes_ = 0;  // of this epoch
    model::Books books_;                 // of what has its final word, and of the epochs that ended
    model::FileOffset epoch_begin_;      // of the books
    model::FileOffset read_end_;         // in this epoch
    model::LossReason why_stale_ = {};   // how the last epoch ended
    model::Fingerprint head_;
    model::FileOffset stored_seen_;
    std::uint32_t delivered_in_a_row_ = 0;  // since records_max changed
};

}  // namespace agent::pipeline
