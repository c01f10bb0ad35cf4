// TOML text → Value, the only file that names toml++.
#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "common/base/text.h"
#include "common/config/value.h"

namespace config {

namespace {

Position position_of(const toml::source_region& region, Position otherwise) {
    if (region.begin.line == 0) return otherwise;
    return {.line = region.begin.line, .column = region.begin.column};
}

bool is_bare(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !name.empty() && std::ranges::all_of(name, allowed);
}

std::string join(std::string_view key, std::string_view name) {
    const auto last = is_bare(name) ? std::string(name) : base::quote(name);
    return key.empty() ? last : fmt::format("{}.{}", key, last);
}

void read_scalar(const toml::node& node, Value& value) {
    if (const auto* text = node.as_string()) {
        value.kind = Value::Kind::text;
        value.text = value.written = text->get();
    } else if (const auto* integer = node.as_integer()) {
        value.kind = Value::Kind::integer;
        value.integer = integer->get();
    } else if (const auto* real = node.as_floating_point()) {
        value.kind = Value::Kind::real;
        value.real = real->get();
    } else if (const auto* boolean = node.as_boolean()) {
        value.kind = Value::Kind::boolean;
        value.boolean = boolean->get();
    } else {
        value.kind = Value::Kind::time;
    }
}

// Recursion is bounded: the parser refuses deep nesting.
Value read_node(const toml::node& node, std::string key, Position around) {
    Value value;
    value.at = value.name_at = position_of(node.source(), around);
    value.key = std::move(key);
    if (const auto* table = node.as_table()) {
        value.kind = Value::Kind::table;
        for (const auto& [name, member] : *table) {
            auto& item = value.items.emplace_back(read_node(member, join(value.key, name.str()), value.at));
            item.name = name.str();
            item.name_at = position_of(name.source(), item.at);
        }
    } else if (const auto* list = node.as_array()) {
        value.kind = Value::Kind::list;
        for (std::size_t i = 0; i < list->size(); ++i) {
            value.items.push_back(read_node((*list)[i], fmt::format("{}[{}]", value.key, i), value.at));
        }
    } else {
        read_scalar(node, value);
    }
    return value;
}

}  // namespace

std::expected<Value, Problem> read_document(std::string_view toml) {
    try {
        return read_node(toml::parse(toml), "", {.line = 1, .column = 1});
    } catch (const toml::parse_error& error) {
        const auto at = position_of(error.source(), {.line = 1, .column = 1});
        return std::unexpected(Problem{
            .line = at.line, .column = at.column, .key = "syntax", .message = std::string(error.description())});
    }
}

}  // namespace config
