// The bytes that a record becomes.
#pragma once

#include <chrono>
#include <string>

#include "common/process/record.h"

namespace process {

// Appends a record as a JSON object:
//   {"time":"2026-11-21T07:22:01.123Z","host":…,"path":…,"pipeline":…,"offset":17,"line":…,"fields":{…}}
// `time` is the record's, in UTC. What is not UTF-8 becomes U+FFFD.
//
// Life: one extent; what its records have in common is written once. Thread: one.
class EnvelopeWriter {
 public:
    void append(std::string& out, Record& record);

 private:
    void begin(Record& record);

    const Origin* origin_ = nullptr;
    std::chrono::system_clock::time_point time_;
    std::string head_;  // of both
};

// Appends the fields as one JSON object. A record that has none, or `parse_error`, has its line as the field `line`.
void append_fields(std::string& out, Record& record);

// "2026-11-21T07:22:01.123Z".
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace process
