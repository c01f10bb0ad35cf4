#include "common/config/value.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/text.h"

namespace config {

const Value* Value::find(std::string_view member) const {
    if (kind != Kind::table) return nullptr;
    const auto found = std::ranges::find(items, member, &Value::name);
    return found == items.end() ? nullptr : &*found;
}

std::string_view describe(Value::Kind kind) {
    switch (kind) {
        case Value::Kind::text:
            return "a string";
        case Value::Kind::integer:
            return "an integer";
        case Value::Kind::real:
            return "a float";
        case Value::Kind::boolean:
            return "a boolean";
        case Value::Kind::list:
            return "a list";
        case Value::Kind::table:
            return "a table";
        case Value::Kind::time:
            return "a date or time";
    }
    return "";
}

std::string show_toml(const Value& value) {
    switch (value.kind) {
        case Value::Kind::text:
            return base::quote(value.written);
        case Value::Kind::integer:
            return fmt::format("{}", value.integer);
        case Value::Kind::real:
            return fmt::format("{}", value.real);
        case Value::Kind::boolean:
            return value.boolean ? "true" : "false";
        case Value::Kind::list:
            return value.items.empty() ? "[]" : "";
        case Value::Kind::table:
        case Value::Kind::time:
            break;
    }
    return "";
}

}  // namespace config
