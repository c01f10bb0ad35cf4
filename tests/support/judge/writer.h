// Writes lines into a log file the way programs and logrotate do: appended, at a rate, the file rotated now and then.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>

#include "tests/support/judge/tally.h"

namespace judge {

enum class Rotation {
    rename,         // a.log → a.log.1 → a.log.2 …
    rename_delete,  // a.log is renamed, made anew, and the renamed file deleted
};

struct WriteOptions {
    std::filesystem::path file;
    std::string writer = "w";
    std::uint64_t lines = 0;  // 0: until told to stop
    std::size_t line_bytes = 200;
    double rate = 0;  // lines a second; 0: as fast as it goes
    std::uint64_t lines_per_write = 1;
    bool torn = false;               // writes end within a line, at a different place each time
    std::uint64_t rotate_every = 0;  // lines; 0: never
    Rotation rotation = Rotation::rename;
    std::uint64_t keep = 0;  // renamed files that stay; 0: all
    std::uint64_t first_generation = 0;
    bool truncate_first = false;
    bool timestamps = false;
};

// Ends early, at a whole line, when `stopped` says so. Returns what was written, also as far as a failed write came.
struct Written {
    Manifest manifest;
    std::string error;  // empty: none
};
Written write_lines(const WriteOptions& options, const std::function<bool()>& stopped);

}  // namespace judge
