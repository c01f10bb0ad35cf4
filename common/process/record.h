// A record on its way through the processors.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>

#include "common/process/options.h"
#include "common/process/value.h"

namespace process {

using Labels = std::map<std::string, std::string>;

// What all records of one file have in common. Borrowed: it outlives the record.
struct Origin {
    std::string_view host;
    std::string_view pipeline;
    std::string_view path;     // under which the pipeline first followed the file
    std::string_view file_id;  // with an offset: the same record, whenever it is read
    const Labels* labels = nullptr;
    const NamedTexts* fields = nullptr;  // of every record; null: none
};

// One record: its line, its metadata and, once parsed, its fields. A name of a field leads into nested tables by dots
// ("http.status"); a member whose own name has dots is found as well.
//
// Life: one for many records, one after the other; begin() forgets what the one before had. Texts are valid until then.
// Thread: one.
class Record {
 public:
    Record() : memory_(space_.data(), space_.size()) {}
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;

    // `line` and `origin` are borrowed. Its fields are those of its origin.
    void begin(std::string_view line, std::uint64_t offset, const Origin& origin,
               std::chrono::system_clock::time_point time);

    std::string_view line() const { return line_; }
    void set_line(std::string_view line) { line_ = line; }  // lives as long as the record: keep() it
    std::uint64_t offset() const { return offset_; }        // in its file, of its first byte
    const Origin& origin() const { return *origin_; }
    std::chrono::system_clock::time_point time() const { return time_; }  // when it was read, unless it says itself
    void set_time(std::chrono::system_clock::time_point time) { time_ = time; }

    Value::Table& fields() { return *fields_; }
    bool has_fields() const { return !fields_->empty(); }
    Value* find(std::string_view name);
    // Makes it where there is none, with the tables on the way; what is no table on the way is replaced by one.
    Value& put(std::string_view name);
    bool remove(std::string_view name);  // false: there was none
    // Why something of it could not be read, as the field parse_error: the first reason, as others follow from it.
    void set_parse_error(std::string_view reason);  // lives as long as the record

    std::string_view keep(std::string_view text);  // a copy in its memory
    Value make_table();
    Value make_list();
    std::pmr::memory_resource& memory() { return memory_; }

 private:
    static constexpr std::size_t kSpaceBytes = 16 << 10;  // of fields, before memory is asked for

    std::array<std::byte, kSpaceBytes> space_;
    std::pmr::monotonic_buffer_resource memory_;
    std::string_view line_;
    std::uint64_t offset_ = 0;
    const Origin* origin_ = nullptr;
    std::chrono::system_clock::time_point time_;
    Value::Table* fields_ = nullptr;
};

}  // namespace process
