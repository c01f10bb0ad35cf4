// Values as JSON text, for comparison.
#pragma once

#include <string>

#include <fmt/format.h>

#include "common/process/record.h"

namespace process {

inline std::string show(const Value& value);

inline std::string show_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += std::string("\\") + c;
        else if (static_cast<unsigned char>(c) < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out += c;
    }
    return out + '"';
}

inline std::string show(const Value::Table& table) {
    std::string out;
    for (const auto& [name, value] : table)
        out += fmt::format("{}{}:{}", out.empty() ? "" : ",", show_text(name), show(value));
    return '{' + out + '}';
}

inline std::string show(const Value& value) {
    switch (value.kind) {
        case Value::Kind::null:
            return "null";
        case Value::Kind::boolean:
            return value.boolean ? "true" : "false";
        case Value::Kind::number:
            return std::string(value.text);
        case Value::Kind::text:
            return show_text(value.text);
        case Value::Kind::table:
            return show(*value.table);
        case Value::Kind::list:
            break;
    }
    std::string out;
    for (const auto& item : *value.list) out += (out.empty() ? "" : ",") + show(item);
    return '[' + out + ']';
}

}  // namespace process
