// The unit of the way of a line: what one read of one file gave.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/model/books.h"
#include "agent/model/fingerprint.h"
#include "agent/model/ids.h"
#include "agent/model/record_texts.h"
#include "common/config/config.h"

namespace agent::model {

// Memory that an extent owns. Not zeroed.
struct Buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t capacity = 0;

    static Buffer of(std::size_t capacity) { return {std::make_unique_for_overwrite<char[]>(capacity), capacity}; }
};

// Which ends of its line a record has: a long line may be in pieces, or have lost its rest.
enum class LineEnds : std::uint8_t { none = 0, begin = 1, end = 2, both = 3 };

// One line, or several, without the last line ending; points into its extent's buffer or arena.
struct Record {
    const char* data = nullptr;
    std::uint32_t size = 0;
    LineEnds line_ends = LineEnds::both;
    FileOffset begin;  // of its first byte
    FileOffset end;    // the byte after its line ending

    std::string_view line() const { return {data, size}; }
};

// Which of a container's streams a line was written to; none: it is no line of a container's log.
enum class Stream : std::uint8_t { out, err, none };
constexpr std::size_t kStreams = 3;

// What a record out of a container's log says beside its text.
struct ContainerMark {
    std::chrono::system_clock::time_point time;  // of its first line, by the container's runtime
    Stream stream = Stream::out;
    bool goes_on = false;     // the last piece of its line was not seen
    std::uint32_t bytes = 0;  // of its own lines in the file, where another stream's may lie between them
};

// By stream: the byte after its last line that was lent to an older file's extent; 0: none was.
using Lent = std::array<FileOffset, kStreams>;

// Lines of the next generation's file, behind an extent's own bytes: they complete those that a container's log was
// rotated in the middle of.
struct Borrowed {
    TailId of;
    std::uint64_t bytes = 0;
    Lent lent{};
    std::uint64_t head_bytes = 0;  // so many of them are the head of that file
    Fingerprint head_anchor;       // of the last of these
};

// What the bytes of an extent are.
enum class ExtentForm : std::uint8_t {
    lines,         // complete lines
    partial_line,  // the last line of a finished file, which never got its line ending; one record
    piece,         // of one line that is longer than a line may be: whole pieces, or what is left of it
    skipped,       // such a line that is dropped: no bytes, no record
};

// Why the cluster will not take a record as it is. Trying again does not help; the pipeline's on_reject decides.
enum class Rejection : std::uint8_t { none, too_large, invalid, not_authorised };

// Complete records of one file, bytes [begin, end), in one buffer. It moves through the stages by unique_ptr; payloads
// handed on point into it; it dies when the last of its records has its final word.
//
// Thread: one at a time; librdkafka's threads read the payloads.
struct Extent {
    TailId tail;
    ExtentSeq seq;
    FileOffset begin;
    FileOffset end;
    ExtentForm form = ExtentForm::lines;
    config::TextEncoding encoding = config::TextEncoding::utf8;  // of its bytes
    Fingerprint anchor;                                          // of the last bytes before `end`

    Buffer buffer;
    std::string_view bytes;            // inside the buffer
    Borrowed borrowed;                 // the last of them; what is there in the file ends at `own_end()`
    Lent lent{};                       // of its file: these lines are records of another extent
    std::deque<std::string> arena;     // what was rewritten on the way; deque: no element ever moves
    std::vector<Record> records;       // empty once delivered
    std::vector<ContainerMark> marks;  // of a container's log: one for each record
    RecordTexts texts;                 // of these; empty where their file alone says where they go

    std::chrono::steady_clock::time_point read_at;
    std::size_t charge = 0;                     // bytes that it holds of the memory budget
    std::uint32_t split_count = 0;              // records after splitting
    std::uint32_t record_count = 0;             // of these, what processors did not drop
    std::uint32_t unfinished = 0;               // records without a final word
    std::string failure;                        // why a record of it was not taken; empty: all were delivered
    bool is_alone = false;                      // goes in a batch of its own: what is said of the batch is said of it
    Rejection rejection = Rejection::none;      // with `failure`: all that failed were rejected, for this
    std::uint32_t failed = 0;                   // records that were not taken
    std::vector<std::string> forbidden_topics;  // with Rejection::not_authorised: the topics that may not be written
    std::string dead_letter_why;       // rejected for this, it goes to the dead-letter topic; empty: it does not
    std::uint32_t rejected_count = 0;  // records that on_reject gives up, and
    std::uint64_t rejected_bytes = 0;  // their bytes
    Dropped dropped{};                 // bytes of it, once it is finished

    FileOffset own_end() const { return begin + (bytes.size() - borrowed.bytes); }  // of what was read

    // Whether its records may go to several topics.
    bool names_topics() const { return !texts.empty() && !texts.at(0, RecordTexts::kTopic).empty(); }

    // Whether `records[record]` was, of an extent that was: where topics may not be written, it is who goes there.
    bool is_rejected(std::size_t record) const {
        return forbidden_topics.empty() || !names_topics() ||
               std::ranges::find(forbidden_topics, texts.at(record, RecordTexts::kTopic)) != forbidden_topics.end();
    }
};

using ExtentPtr = std::unique_ptr<Extent>;

// Of record number `at`, in its file, for the books.
inline std::uint64_t bytes_of(const Extent& extent, std::size_t at) {
    const auto& record = extent.records[at];
    return extent.marks.empty() ? record.end - record.begin : extent.marks[at].bytes;
}

}  // namespace agent::model
