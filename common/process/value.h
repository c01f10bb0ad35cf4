// What a record's fields hold.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <utility>
#include <vector>

namespace process {

struct Member;

// A typed value. It owns nothing: texts and what is nested live in the record's memory, in its line, or in whatever
// made them and lives until the record is done with. Never destroyed, only forgotten with that memory.
//
// A number is kept as JSON writes it, so that 1.10 and 12345678901234567890 come out as they went in.
struct Value {
    enum class Kind : std::uint8_t { null, boolean, number, text, list, table };
    using List = std::pmr::vector<Value>;
    using Table = std::pmr::vector<Member>;

    Kind kind = Kind::null;
    bool boolean = false;
    std::string_view text;   // of a text, and of a number
    List* list = nullptr;    // with Kind::list
    Table* table = nullptr;  // with Kind::table; names are unique, in the order in which they came

    static Value of_boolean(bool value) { return {.kind = Kind::boolean, .boolean = value}; }
    static Value of_number(std::string_view json) { return {.kind = Kind::number, .text = json}; }
    static Value of_text(std::string_view text) { return {.kind = Kind::text, .text = text}; }
};

struct Member {
    std::string_view name;
    Value value;
};

// null where there is none.
Value* find_member(Value::Table& table, std::string_view name);

}  // namespace process
