// The seam between the processor `parse` and the formats.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "common/process/record.h"
#include "common/process/value.h"

namespace process {

using Parsed = std::expected<void, std::string_view>;  // or a short reason, which lives forever

// Turns a text of one format into members of a table.
//
// Thread: one. What it keeps is memory that it uses again.
class Parser {
 public:
    virtual ~Parser() = default;

    // Values are pieces of `text`, which lives as long as the record, or lie in the record's memory. `into` is empty;
    // after a failure it is of no use to anybody.
    virtual Parsed parse(std::string_view text, Record& record, Value::Table& into) = 0;
};

inline constexpr std::size_t kMembersExpected = 16;  // of a table at the top

}  // namespace process
