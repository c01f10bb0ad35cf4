#include "common/process/members.h"

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <utility>

namespace process {

namespace {

constexpr std::size_t kFewMax = 64;  // up to here each is compared with each, by a mark that seldom lies

std::uint32_t mark_of(std::string_view name) {
    if (name.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(name[i])); };
    return static_cast<std::uint32_t>(name.size() & 0xFF) | byte(0) << 8 | byte(name.size() / 2) << 16 |
           byte(name.size() - 1) << 24;
}

// False: each has a name of its own, for sure.
bool may_have_same(const Value::Table& table) {
    std::array<std::uint64_t, 8> seen{};
    for (const auto& member : table) {
        const auto place = mark_of(member.name) * 0x9E37'79B1U >> 23;  // 9 bits
        const auto bit = std::uint64_t{1} << (place % 64);
        if ((seen[place / 64] & bit) != 0) return true;
        seen[place / 64] |= bit;
    }
    return false;
}

void keep_last_of_few(Value::Table& table) {
    std::array<std::uint32_t, kFewMax> marks;  // not zeroed: that would cost as much as all the rest
    std::size_t kept = 0;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto mark = mark_of(table[i].name);
        std::size_t same = 0;
        while (same < kept && (marks[same] != mark || table[same].name != table[i].name)) ++same;
        if (same < kept) {
            table[same].value = table[i].value;
            continue;
        }
        marks[kept] = mark;
        if (kept != i) table[kept] = table[i];
        ++kept;
    }
    table.erase(table.begin() + static_cast<std::ptrdiff_t>(kept), table.end());
}

// A line may be one object of a hundred thousand names: sorted, it costs no more than its length.
void keep_last_of_many(Value::Table& table) {
    const auto places = std::views::iota(0U, static_cast<std::uint32_t>(table.size()));
    std::vector<std::uint32_t> order(places.begin(), places.end());
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
        const auto names = table[a].name <=> table[b].name;
        return names < 0 || (names == 0 && a < b);
    });
    std::vector<bool> surplus(table.size());
    for (std::size_t first = 0; first < order.size();) {
        auto last = first;
        while (last + 1 < order.size() && table[order[last + 1]].name == table[order[first]].name)
            surplus[order[++last]] = true;
        table[order[first]].value = table[order[last]].value;
        first = last + 1;
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < table.size(); ++i)
        if (!surplus[i]) table[kept++] = table[i];
    table.erase(table.begin() + static_cast<std::ptrdiff_t>(kept), table.end());
}

}  // namespace

void keep_last(Value::Table& table) {
    if (table.size() > kFewMax)
        keep_last_of_many(table);
    else if (may_have_same(table))
        keep_last_of_few(table);
}

void merge(Value::Table& from, Value::Table& into) {
    if (into.empty()) {
        into = std::move(from);
        return;
    }
    into.insert(into.end(), from.begin(), from.end());
    keep_last(into);
}

}  // namespace process
