// What became of the bytes of a file, in the words of `status` and of the metrics' reasons.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/model/ids.h"

namespace agent::model {

// Given up on purpose, by configuration.
enum class DropReason : std::uint8_t { long_line, processor, rejected, dead_letter };
constexpr std::array kDropReasons{"long_line", "processor", "rejected", "dead_letter"};

// Gone before anybody could take them.
enum class LossReason : std::uint8_t {
    truncated,                // the file was, while it was followed
    deleted,                  // the file was, and pinned more than deleted_bytes_max
    truncated_while_stopped,  // nobody followed it then
    deleted_while_stopped,
};
constexpr std::array kLossReasons{"truncated", "deleted", "truncated_while_stopped", "deleted_while_stopped"};

using Dropped = std::array<std::uint64_t, kDropReasons.size()>;  // bytes, by DropReason
void add(Dropped& to, const Dropped& more);

// Bytes since a pipeline follows the file. At any time: seen = acked + dropped + lost + what is still to come, which is
// the file's lag and, after a truncation, what was in flight then.
struct Books {
    std::uint64_t seen = 0;
    std::uint64_t read = 0;  // once; what is read again after a rewind does not count
    std::uint64_t acked = 0;
    Dropped dropped{};
    std::array<std::uint64_t, kLossReasons.size()> lost{};  // by LossReason

    std::uint64_t& dropped_for(DropReason reason) { return dropped.at(static_cast<std::size_t>(reason)); }
    std::uint64_t& lost_for(LossReason reason) { return lost.at(static_cast<std::size_t>(reason)); }
    // So many bytes have their final word: acknowledged, but for what was dropped of them.
    void pass(std::uint64_t bytes, const Dropped& of_them);
    Books& operator+=(const Books& other);

    friend bool operator==(const Books&, const Books&) = default;
};

// Bytes [begin, end) of a file, so many of which nobody took; the others may have been. None: it is not known whether
// there were any behind `begin`.
struct Loss {
    FileOffset begin;
    FileOffset end;
    std::uint64_t bytes = 0;
};

}  // namespace agent::model
