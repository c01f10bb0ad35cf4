// Conditions on records: status >= 500 and path =~ "^/api".
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/process/name.h"
#include "common/process/record.h"

namespace process {

// Comparisons == != < <= > >= =~ !~ in, joined by and, or, not and parentheses; exists(x). Names are fields by dots,
// line, path, host, pipeline and labels.x; `fields.x` is a field whatever it is called. Texts stand in "…" or '…',
// where a backslash that escapes no quote, backslash, n, r or t stays. A name alone holds when it is true.
//
// A comparison with what is missing does not hold, but for != and !~, which do. Where a number meets a text that reads
// as one, they are compared as numbers, else as texts, byte by byte.
//
// Thread: any; immutable.
class Condition {
 public:
    // Errors: where, as a character of the text counted from 1, what was seen, what would be right.
    static base::Result<Condition> parse(std::string_view text);

    bool holds(Record& record) const { return root_->holds(record); }
    const std::vector<Name>& names() const { return names_; }  // all that it reads

    // A part of it.
    struct Node {
        virtual ~Node() = default;
        virtual bool holds(Record& record) const = 0;
    };

 private:
    Condition(std::shared_ptr<const Node> root, std::vector<Name> names)
        : root_(std::move(root)), names_(std::move(names)) {}

    std::shared_ptr<const Node> root_;
    std::vector<Name> names_;
};

}  // namespace process
