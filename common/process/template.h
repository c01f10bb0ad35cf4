// Templates over labels, path and fields: "raw-{labels.idc}-{path.stem}".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/process/name.h"
#include "common/process/record.h"

namespace process {

// A parsed template: literal text and names in turn. `{{` and `}}` stand for the braces themselves.
//
// {host} {pipeline} {path} {path.name} {path.stem} (the name up to its first dot) {path.dir} {labels.NAME} are constant
// for one file of one pipeline. With Scope::record there are {line} and {fields.NAME} as well, which is "" where there
// is none, and JSON for a list or a table.
class Template {
 public:
    enum class Scope : std::uint8_t { file, record };

    // Errors: an unclosed brace, an unknown name (the nearest known one is told), a label that `labels` does not have.
    static base::Result<Template> parse(std::string_view text, const Labels& labels, Scope scope = Scope::file);

    // What is constant for a file; `of_record` stands for what is not.
    std::string fill(const Origin& origin, std::string_view of_record = {}) const;
    void append(std::string& out, Record& record) const;
    bool append_whole(std::string& out, Record& record) const;  // false: the record has nothing for one of its names
    bool is_constant() const;                                   // no name in it
    bool reads_record() const;                                  // one of them is {line} or {fields.NAME}

 private:
    struct Part {
        std::string literal;
        Name name;  // where `literal` is empty
    };
    std::vector<Part> parts_;
};

}  // namespace process
