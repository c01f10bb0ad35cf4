#include "common/process/record.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

namespace process {

namespace {

constexpr std::size_t kMembersExpected = 16;

template <typename Container>
Container* make(std::pmr::memory_resource& memory) {
    return std::pmr::polymorphic_allocator<>(&memory).new_object<Container>();
}

// Where `name` leads from `table` on: as a member's own name first, then as a way by dots.
std::pair<Value::Table*, std::size_t> locate(Value::Table& table, std::string_view name) {
    const auto found = std::ranges::find(table, name, &Member::name);
    if (found != table.end()) return {&table, static_cast<std::size_t>(found - table.begin())};
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
        const auto* member = find_member(table, name.substr(0, dot));
        if (!member || member->kind != Value::Kind::table) continue;
        if (const auto below = locate(*member->table, name.substr(dot + 1)); below.first) return below;
    }
    return {nullptr, 0};
}

}  // namespace

Value* find_member(Value::Table& table, std::string_view name) {
    const auto found = std::ranges::find(table, name, &Member::name);
    return found == table.end() ? nullptr : &found->value;
}

void Record::begin(std::string_view line, std::uint64_t offset, const Origin& origin,
                   std::chrono::system_clock::time_point time) {
    memory_.release();
    line_ = line;
    offset_ = offset;
    origin_ = &origin;
    time_ = time;
    fields_ = make<Value::Table>(memory_);
    if (origin.fields)
        for (const auto& [name, text] : *origin.fields) put(name) = Value::of_text(text);
}

Value* Record::find(std::string_view name) {
    const auto [table, at] = locate(*fields_, name);
    return table ? &(*table)[at].value : nullptr;
}

Value& Record::put(std::string_view name) {
    if (auto* known = find(name)) return *known;
    auto* table = fields_;
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        auto* member = find_member(*table, name.substr(0, dot));
        if (!member) member = &table->emplace_back(keep(name.substr(0, dot)), Value{}).value;
        if (member->kind != Value::Kind::table) *member = make_table();
        table = member->table;
        name.remove_prefix(dot + 1);
    }
    if (auto* member = find_member(*table, name)) return *member;
    if (table->empty()) table->reserve(kMembersExpected);
    return table->emplace_back(keep(name), Value{}).value;
}

bool Record::remove(std::string_view name) {
    const auto [table, at] = locate(*fields_, name);
    if (!table) return false;
    table->erase(table->begin() + static_cast<std::ptrdiff_t>(at));
    return true;
}

void Record::set_parse_error(std::string_view reason) {
    if (!find_member(*fields_, "parse_error")) put("parse_error") = Value::of_text(reason);
}

std::string_view Record::keep(std::string_view text) {
    if (text.empty()) return {};
    auto* copy = static_cast<char*>(memory_.allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
}

Value Record::make_table() {
    return {.kind = Value::Kind::table, .table = make<Value::Table>(memory_)};
}

Value Record::make_list() {
    return {.kind = Value::Kind::list, .list = make<Value::List>(memory_)};
}

}  // namespace process
