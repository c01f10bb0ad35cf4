// Members of a table, as the structs want them. A member that is absent or broken leaves `out` as it is.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/assert.h"
#include "common/base/units.h"
#include "common/config/keys.h"
#include "common/config/problems.h"
#include "common/config/rules.h"

namespace config {

// The member if it is there and whole.
inline const Value* usable(const Value& table, std::string_view name) {
    const auto* value = table.find(name);
    return value && !value->is_broken ? value : nullptr;
}

inline void take(const Value& table, std::string_view name, std::string& out) {
    if (const auto* value = usable(table, name)) out = value->text;
}

inline void take(const Value& table, std::string_view name, bool& out) {
    if (const auto* value = usable(table, name)) out = value->boolean;
}

inline void take(const Value& table, std::string_view name, std::chrono::milliseconds& out) {
    if (const auto* value = usable(table, name)) out = base::parse_duration(value->text).value();
}

inline void take(const Value& table, std::string_view name, std::uint64_t& out) {
    if (const auto* value = usable(table, name)) out = base::parse_size(value->text).value();
}

inline void take(const Value& table, std::string_view name, base::Rate& out) {
    if (const auto* value = usable(table, name)) out = base::parse_rate(value->text).value();
}

inline void take(const Value& table, std::string_view name, double& out) {
    if (const auto* value = usable(table, name))
        out = value->kind == Value::Kind::integer ? static_cast<double>(value->integer) : value->real;
}

inline void take(const Value& table, std::string_view name, std::vector<std::string>& out) {
    const auto* value = usable(table, name);
    if (!value) return;
    out.clear();
    for (const auto& item : value->items) {
        if (!item.is_broken) out.push_back(item.text);
    }
}

// The enum's values are in the order of the choices that the table of keys has for `key`.
template <typename Enum>
void take_choice(const Value& table, std::string_view name, std::string_view key, Enum& out) {
    const auto* value = usable(table, name);
    if (!value) return;
    const auto& choices = find_key(key)->choices;
    const auto found = std::ranges::find(choices, value->text);
    AGENT_ASSERT(found != choices.end());
    out = static_cast<Enum>(found - choices.begin());
}

// Holds a member, or each string of a list, against a rule; not given is fine.
template <typename Rule>
void hold(const Value& table, std::string_view name, Rule rule, Problems& problems) {
    const auto* value = usable(table, name);
    if (!value) return;
    if (value->kind == Value::Kind::text) {
        if (const Complaint complaint = rule(value->text)) problems.add(*value, *complaint);
    }
    for (const auto& item : value->items) {
        if (item.is_broken) continue;
        if (const Complaint complaint = rule(item.text)) problems.add(item, *complaint);
    }
}

// Is it there, and not written as empty? A broken member counts as given.
inline bool is_given(const Value& table, std::string_view name) {
    const auto* value = table.find(name);
    if (!value) return false;
    if (value->is_broken) return true;
    return value->kind == Value::Kind::text ? !value->text.empty() : !value->items.empty();
}

}  // namespace config
