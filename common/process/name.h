// The names by which conditions and templates call what a record has.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/process/record.h"

namespace process {

// line, host, pipeline, path, path.name, path.stem, path.dir, labels.x; anything else, and fields.x, is a field.
class Name {
 public:
    Name() = default;
    explicit Name(std::string_view text);

    static std::span<const std::string_view> reserved();  // but for labels.x and fields.x

    bool is_field() const { return kind_ == Kind::field; }
    bool is_line() const { return kind_ == Kind::line; }
    bool is_label() const { return kind_ == Kind::label; }
    const std::string& label() const { return label_; }     // of a label
    const std::string& spelling() const { return spelt_; }  // of a field, without "fields."

    // A field that is called like one of the other names is meant before it: a request's path, not the file's.
    bool exists(Record& record) const;
    std::optional<Value> scalar(Record& record) const;  // none: it is missing, null, a list or a table

    // Of a name that is no field and not the line; "" for a label that is not there.
    std::string_view constant(const Origin& origin) const;

 private:
    enum class Kind : std::uint8_t { field, line, host, pipeline, path, path_name, path_stem, path_dir, label };

    Kind kind_ = Kind::field;
    std::string spelt_;
    std::string label_;
};

}  // namespace process
