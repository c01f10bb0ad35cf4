#include "agent/split/splitter.h"

#include <algorithm>
#include <cstring>

#include "agent/model/text_encoding.h"
#include "common/base/assert.h"

namespace agent::split {

using model::Extent;
using model::FileOffset;
using model::LineEnds;
using model::Newline;
using model::Record;

namespace {

constexpr std::size_t kExpectedLinesMax = 2048;

void drop(Extent& extent, std::uint64_t bytes) {
    extent.dropped.at(static_cast<std::size_t>(model::DropReason::long_line)) += bytes;
}

// One complete line that is longer than it may be, or as many pieces of it as there may be records. Gives what comes
// behind.
FileOffset take_long_line(Extent& extent, const Record& line, const model::LineLimit& limit, std::size_t records_max,
                          LineFaults& seen) {
    const auto piece_max = static_cast<std::uint32_t>(limit.bytes_max);
    switch (limit.policy) {
        case config::LongLine::skip:
            ++seen.skipped;
            drop(extent, line.end - line.begin);
            return line.end;
        case config::LongLine::truncate:
            ++seen.truncated;
            drop(extent, line.end - line.begin - piece_max);
            extent.records.push_back({.data = line.data,
                                      .size = piece_max,
                                      .line_ends = LineEnds::begin,
                                      .begin = line.begin,
                                      .end = line.end});
            return line.end;
        case config::LongLine::split:
            ++seen.split;
            for (std::uint32_t done = 0; done < line.size && extent.records.size() < records_max;) {
                const std::uint32_t size = std::min(piece_max, line.size - done);
                const bool last = done + size == line.size;
                const auto one_end = last ? LineEnds::end : LineEnds::none;
                extent.records.push_back({.data = line.data + done,
                                          .size = size,
                                          .line_ends = done == 0 ? LineEnds::begin : one_end,
                                          .begin = line.begin + done,
                                          .end = last ? line.end : line.begin + done + size});
                done += size;
            }
            return extent.records.back().end;
    }
    return line.end;
}

// Where the line that begins at `at` ends; its reader stops at a line ending.
template <Newline kNewline>
const char* line_end(const char* at, const char* end, FileOffset offset) {
    const auto left = static_cast<std::size_t>(end - at);
    if constexpr (kNewline == Newline::byte) return static_cast<const char*>(std::memchr(at, '\n', left)) + 1;
    const auto size = model::first_line_end({at, left}, offset, kNewline);
    AGENT_ASSERT(size > 0);
    return at + size;
}

// As if all lines were as long as the first.
std::size_t expected_lines(const Extent& extent, Newline newline) {
    if (extent.bytes.empty()) return 0;
    const auto first = model::first_line_end(extent.bytes, extent.begin, newline);
    AGENT_ASSERT(model::last_line_end(extent.bytes, extent.begin, newline) == extent.bytes.size() && first > 0);
    return std::min(kExpectedLinesMax, extent.bytes.size() / first);
}

template <Newline kNewline>
void split_complete_lines(Extent& extent, const model::LineLimit& limit, std::size_t records_max, LineFaults& seen) {
    const char* const begin = extent.bytes.data();
    const char* const end = begin + extent.bytes.size();
    extent.records.reserve(std::min(records_max, expected_lines(extent, kNewline)));
    const auto offset_of = [&](const char* at) { return extent.begin + static_cast<std::uint64_t>(at - begin); };
    const char* at = begin;
    while (at < end) {
        const char* const next = line_end<kNewline>(at, end, offset_of(at));
        const std::string_view text(at, static_cast<std::size_t>(next - at) - model::newline_bytes(kNewline));
        const Record line{.data = at,
                          .size = static_cast<std::uint32_t>(model::without_carriage_return(text, kNewline)),
                          .begin = offset_of(at),
                          .end = offset_of(next)};
        at = next;
        if (line.size <= limit.bytes_max)
            extent.records.push_back(line);
        else
            at = begin + (take_long_line(extent, line, limit, records_max, seen) - extent.begin);
        if (extent.records.size() >= records_max) break;
    }
    extent.end = offset_of(at);
}

void split_complete_lines(Extent& extent, const model::LineLimit& limit, std::size_t records_max, LineFaults& seen) {
    switch (model::newline_of(extent.encoding)) {
        case Newline::byte:
            return split_complete_lines<Newline::byte>(extent, limit, records_max, seen);
        case Newline::utf16le:
            return split_complete_lines<Newline::utf16le>(extent, limit, records_max, seen);
        case Newline::utf16be:
            return split_complete_lines<Newline::utf16be>(extent, limit, records_max, seen);
    }
}

}  // namespace

LineFaults split_lines(Extent& extent, const model::LineLimit& limit, std::size_t records_max) {
    LineFaults seen;
    extent.dropped = {};
    switch (extent.form) {
        case model::ExtentForm::lines:
            split_complete_lines(extent, limit, records_max, seen);
            break;
        case model::ExtentForm::piece:
            extent.end = take_long_line(extent,
                                        {.data = extent.bytes.data(),
                                         .size = static_cast<std::uint32_t>(extent.bytes.size()),
                                         .begin = extent.begin,
                                         .end = extent.end},
                                        limit, records_max, seen);
            break;
        case model::ExtentForm::partial_line:
            extent.records.push_back({.data = extent.bytes.data(),
                                      .size = static_cast<std::uint32_t>(extent.bytes.size()),
                                      .begin = extent.begin,
                                      .end = extent.end});
            break;
        case model::ExtentForm::skipped:
            ++seen.skipped;
            drop(extent, extent.end - extent.begin);
            break;
    }
    extent.split_count = extent.record_count = extent.unfinished = static_cast<std::uint32_t>(extent.records.size());
    return seen;
}

}  // namespace agent::split
