// Which lines are one record: stack traces, and whatever patterns say.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string_view>
#include <vector>

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// What a record's lines so far say of its next one. All of it is in these lines: who reads a record again from its
// first line comes to the same end.
enum class RecordState : std::uint8_t {
    open,       // the next line decides
    closed,     // no line follows
    trace,      // in the midst of a stack trace
    exception,  // behind what ended one: another may have been its cause
};

// Presets join a stack trace to the line before it, which is the message that it was logged with:
//
//   java    indented lines, "java.io.IOException: …" at a line's beginning, "Caused by: ", "Suppressed: ", "... 9 more"
//   python  "Traceback (most recent call last):" to the first line behind it that is not indented, the exception; with
//           those that it was raised from; and indented lines
//   go      from "panic: " or "fatal error: " on what goroutines, calls and places look like
//   dotnet  indented lines, "System.InvalidOperationException: …" at a line's beginning, "--- End of …"
//
// Thread: any; immutable.
class Multiline {
 public:
    // Errors, under start, continue or end: none of them is given, or several; a pattern that does not compile.
    static std::expected<Multiline, std::vector<OptionError>> make(const MultilineOptions& options);

    RecordState begin(std::string_view line) const;  // a record
    // Whether `line` belongs to the record, and what that says of the next one then.
    bool goes_on(RecordState& state, std::string_view line) const;

    class Rule;

 private:
    explicit Multiline(std::shared_ptr<const Rule> rule) : rule_(std::move(rule)) {}

    std::shared_ptr<const Rule> rule_;
};

}  // namespace process
