// Counts lines as they arrive, and says at the end what is missing.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/judge/line.h"

namespace judge {

// One file of one writer.
struct FileId {
    std::string writer;
    std::uint64_t generation = 0;

    friend auto operator<=>(const FileId&, const FileId&) = default;
};

// What was written: lines 0 … n-1 of each file.
using Manifest = std::map<FileId, std::uint64_t>;

struct Counts {
    std::uint64_t expected = 0;
    std::uint64_t received = 0;  // different lines among the expected ones
    std::uint64_t missing = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t out_of_order = 0;  // lines that arrived, for the first time, after a later one of their file
    std::uint64_t foreign = 0;       // undamaged, but not in the manifest

    friend bool operator==(const Counts&, const Counts&) = default;
    Counts& operator+=(const Counts& other);
};

struct Verdict {
    std::map<FileId, Counts> files;
    Counts total;
    std::uint64_t corrupt = 0;         // of no file, since nothing in such a line can be believed
    std::vector<std::string> samples;  // the first corrupt lines and the first missing ones, for people
};

struct Tolerance {
    std::uint64_t duplicates = 0;
    bool reordered = false;
    bool foreign = false;
};

bool passes(const Verdict& verdict, const Tolerance& tolerance);

// One bit for each line. The manifest comes last, so that counting can begin while the writer still writes.
//
// Life: one judgement. Thread: one.
class Tally {
 public:
    // Returns the line if it is undamaged and new.
    std::optional<Line> count(std::string_view text);

    bool has_all(const Manifest& manifest) const;
    Verdict judge(const Manifest& manifest) const;

 private:
    struct File {
        std::vector<bool> seen;  // as long as the highest sequence seen, plus one
        std::uint64_t distinct = 0;
        std::uint64_t duplicate = 0;
        std::uint64_t out_of_order = 0;
    };

    File& file_of(const LineId& id);

    std::map<FileId, File> files_;
    std::map<FileId, File>::iterator last_ = files_.end();  // lines of one file come in runs
    std::uint64_t corrupt_ = 0;
    std::vector<std::string> corrupt_samples_;
};

}  // namespace judge
