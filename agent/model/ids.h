// What must not be mixed up has its own type.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace agent::model {

// A byte position in a log file. Kafka's offsets are never one of these.
struct FileOffset {
    std::uint64_t value = 0;

    friend auto operator<=>(const FileOffset&, const FileOffset&) = default;
    friend FileOffset operator+(FileOffset offset, std::uint64_t bytes) { return {offset.value + bytes}; }
    friend FileOffset operator-(FileOffset offset, std::uint64_t bytes) { return {offset.value - bytes}; }
    friend std::uint64_t operator-(FileOffset later, FileOffset earlier) { return later.value - earlier.value; }
};

// One tail of this process: never used twice.
struct TailId {
    std::uint64_t value = 0;
    friend auto operator<=>(const TailId&, const TailId&) = default;
};

// The order in which a tail's extents were read; counts on over rewinds.
struct ExtentSeq {
    std::uint64_t value = 0;
    friend auto operator<=>(const ExtentSeq&, const ExtentSeq&) = default;
};

}  // namespace agent::model

template <>
struct std::hash<agent::model::TailId> {
    std::size_t operator()(const agent::model::TailId& id) const noexcept {
        return std::hash<std::uint64_t>{}(id.value);
    }
};
