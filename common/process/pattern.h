// Regular expressions in RE2's syntax: any text takes time in proportion to its length.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace process {

// Thread: any; immutable.
class Pattern {
 public:
    // Errors: what RE2 says of it.
    static base::Result<Pattern> compile(std::string_view text);

    bool is_in(std::string_view text) const;

    struct Found {
        std::size_t begin;
        std::size_t size;
    };
    std::optional<Found> find(std::string_view text,
                              std::size_t from) const;  // the first one that begins there or later

 private:
    struct Compiled;
    explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

    std::shared_ptr<const Compiled> compiled_;
};

// Some text that is in whatever the pattern matches, the longest that is easy to see; "": none is.
std::string literal_in(std::string_view pattern);

}  // namespace process
