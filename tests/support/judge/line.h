// A line that can be told from every other, and from a damaged one:
//
//   id=WRITER/GENERATION/SEQUENCE at=NANOSECONDS len=BYTES words of padding sum=XXXXXXXX
//
// `len` is the length of the whole line without its ending, `sum` the low half of XXH3 over everything before " sum=".
// So a line that was cut, joined to another, or changed in any byte is seen as corrupt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace judge {

inline constexpr std::size_t kLineBytesMin = 80;

struct LineId {
    std::string_view writer;
    std::uint64_t generation = 0;  // counts the files that the writer made, one after the other, under one name
    std::uint64_t sequence = 0;    // counts the lines of that file
};

struct Line {
    LineId id;
    std::uint64_t written_at = 0;  // nanoseconds of CLOCK_REALTIME; 0 if the writer did not note it
};

// Appends the line and its '\n'. A line is `bytes` long without its ending, or as long as its id needs.
void append_line(std::string& out, const Line& line, std::size_t bytes);

// Nothing if the text is not exactly one undamaged line; the result points into it.
std::optional<Line> parse_line(std::string_view text);

std::uint64_t now_ns();

}  // namespace judge
