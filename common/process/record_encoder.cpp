#include "common/process/record_encoder.h"

#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/process/json_writer.h"

namespace process {

std::string utc_text(std::chrono::system_clock::time_point time) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(seconds.count())),
                       (ms - seconds).count());
}

void EnvelopeWriter::append(std::string& out, Record& record) {
    if (&record.origin() != origin_ || record.time() != time_) begin(record);
    out += head_;
    fmt::format_to(std::back_inserter(out), R"({},"line":)", record.offset());
    append_json_string(out, record.line());
    out += R"(,"fields":)";
    append_json(out, record.fields());
    out += '}';
}

void EnvelopeWriter::begin(Record& record) {
    origin_ = &record.origin();
    time_ = record.time();
    head_ = fmt::format(R"({{"time":"{}","host":)", utc_text(time_));
    append_json_string(head_, origin_->host);
    head_ += R"(,"path":)";
    append_json_string(head_, origin_->path);
    head_ += R"(,"pipeline":)";
    append_json_string(head_, origin_->pipeline);
    head_ += R"(,"offset":)";
}

void append_fields(std::string& out, Record& record) {
    if (!record.has_fields() || find_member(record.fields(), "parse_error"))
        record.put("line") = Value::of_text(record.line());
    append_json(out, record.fields());
}

}  // namespace process
