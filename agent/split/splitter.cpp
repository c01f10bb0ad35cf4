#include "agent/split/splitter.h"

#include <algorithm>
#include <cstring>

#include "common/base/assert.h"

namespace agent::split {

using model::Extent;
using model::FileOffset;
using model::Record;

namespace {

constexpr std::size_t kExpectedLinesMax = 2048;

std::uint32_t without_carriage_return(const char* line, std::size_t size) {
    return static_cast<std::uint32_t>(size > 0 && line[size - 1] == '\r' ? size - 1 : size);
}

void drop(Extent& extent, std::uint64_t bytes) {
    extent.dropped.at(static_cast<std::size_t>(model::DropReason::long_line)) += bytes;
}

// One complete line that is longer than it may be, or as many pieces of it as there may be records. Gives what comes
// behind.
FileOffset take_long_line(Extent& extent, const Record& line, const model::LineLimit& limit, std::size_t records_max,
                          LongLines& seen) {
    const auto piece_max = static_cast<std::uint32_t>(limit.bytes_max);
    switch (limit.policy) {
        case config::LongLine::skip:
            ++seen.skipped;
            drop(extent, line.end - line.begin);
            return line.end;
        case config::LongLine::truncate:
            ++seen.truncated;
            drop(extent, line.end - line.begin - piece_max);
            extent.records.push_back({.data = line.data, .size = piece_max, .begin = line.begin, .end = line.end});
            return line.end;
        case config::LongLine::split:
            ++seen.split;
            for (std::uint32_t done = 0; done < line.size && extent.records.size() < records_max;) {
                const std::uint32_t size = std::min(piece_max, line.size - done);
                const bool last = done + size == line.size;
                extent.records.push_back({.data = line.data + done,
                                          .size = size,
                                          .begin = line.begin + done,
                                          .end = last ? line.end : line.begin + done + size});
                done += size;
            }
            return extent.records.back().end;
    }
    return line.end;
}

// As if all lines were as long as the first.
std::size_t expected_lines(std::string_view bytes) {
    if (bytes.empty()) return 0;
    AGENT_ASSERT(bytes.back() == '\n');  // the reader stops at a line ending
    return std::min(kExpectedLinesMax, bytes.size() / (bytes.find('\n') + 1));
}

void split_complete_lines(Extent& extent, const model::LineLimit& limit, std::size_t records_max, LongLines& seen) {
    const char* const begin = extent.bytes.data();
    const char* const end = begin + extent.bytes.size();
    extent.records.reserve(std::min(records_max, expected_lines(extent.bytes)));
    const auto offset_of = [&](const char* at) { return extent.begin + static_cast<std::uint64_t>(at - begin); };
    const char* at = begin;
    while (at < end) {
        const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
        const char* const next = newline + 1;
        const Record line{.data = at,
                          .size = without_carriage_return(at, static_cast<std::size_t>(newline - at)),
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

}  // namespace

LongLines split_lines(Extent& extent, const model::LineLimit& limit, std::size_t records_max) {
    LongLines seen;
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
