// What changes or drops records.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/record.h"

namespace process {

enum class Verdict : std::uint8_t { keep, drop };

// One step of a pipeline, made of its options by a function of its own header.
//
// Thread: one; what it keeps between records is memory that it uses again, nothing that a restart would miss.
class Processor {
 public:
    virtual ~Processor() = default;

    virtual Verdict process(Record& record) = 0;
    virtual std::string_view drop_reason() const { return {}; }  // the one for which it drops; "": it never does
};

// What is wrong with the options.
struct OptionError {
    std::string key;  // as the user wrote it, "include[1]" for a list's item
    std::string message;
};

using Made = std::expected<std::unique_ptr<Processor>, std::vector<OptionError>>;

}  // namespace process
