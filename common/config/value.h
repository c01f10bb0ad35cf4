// A config file as a tree of values, each with the place where the user wrote it. The parser library ends here.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/load.h"

namespace config {

struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct Value {
    enum class Kind { text, integer, real, boolean, list, table, time };

    Kind kind = Kind::table;
    std::string name;  // in its table; empty in a list
    std::string key;   // the whole way: "pipelines[0].source.include[1]"
    Position at;
    Position name_at;  // where its name stands; of a list's item, where the item stands

    std::string text;     // after interpolation
    std::string written;  // before it: what may be shown, for the text may be a secret
    std::int64_t integer = 0;
    double real = 0;
    bool boolean = false;
    std::vector<Value> items;  // of a list, or the members of a table

    bool is_broken = false;  // already reported; whoever meets it later keeps quiet and takes the default

    const Value* find(std::string_view member) const;
};

// "a string", "a table": what a value of this kind is called in a message.
std::string_view describe(Value::Kind kind);

// The value as TOML writes it, for scalars and empty lists; "" for the rest.
std::string show_toml(const Value& value);

// The root table, or the syntax error.
std::expected<Value, Problem> read_document(std::string_view toml);

}  // namespace config
