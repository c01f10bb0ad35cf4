// The unit of the way of a line: what one read of one file gave.
#pragma once

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

namespace agent::model {

// Memory that an extent owns. Not zeroed.
struct Buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t capacity = 0;

    static Buffer of(std::size_t capacity) { return {std::make_unique_for_overwrite<char[]>(capacity), capacity}; }
};

// One line without its line ending; points into its extent's buffer.
struct Record {
    const char* data = nullptr;
    std::uint32_t size = 0;
    FileOffset begin;  // of its first byte
    FileOffset end;    // the byte after its line ending

    std::string_view line() const { return {data, size}; }
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
    Fingerprint anchor;  // of the last bytes before `end`

    Buffer buffer;
    std::string_view bytes;         // inside the buffer
    std::deque<std::string> arena;  // what was rewritten on the way; deque: no element ever moves
    std::vector<Record> records;    // empty once delivered

    std::chrono::steady_clock::time_point read_at;
    std::size_t charge = 0;                 // bytes that it holds of the memory budget
    std::uint32_t split_count = 0;          // records after splitting
    std::uint32_t record_count = 0;         // of these, what processors did not drop
    std::uint32_t unfinished = 0;           // records without a final word
    std::string failure;                    // why a record of it was not taken; empty: all were delivered
    bool is_alone = false;                  // goes in a batch of its own: what is said of the batch is said of it
    Rejection rejection = Rejection::none;  // with `failure`: all that failed were rejected, for this
    std::string dead_letter_why;            // rejected for this, it goes to the dead-letter topic; empty: it does not
    Dropped dropped{};                      // bytes of it, once it is finished
};

using ExtentPtr = std::unique_ptr<Extent>;

}  // namespace agent::model
