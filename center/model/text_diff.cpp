#include "center/model/text_diff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <vector>

#include <fmt/format.h>

namespace center::model {

namespace {

constexpr std::size_t kContext = 3;
constexpr std::size_t kCellsMax = 16ULL << 20;  // of the table; larger texts are shown as replaced

struct Line {
    char sign;  // ' ', '-' or '+'
    std::string_view text;
};

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// By the longest common subsequence of what lies between equal beginnings and ends.
std::vector<Line> compare(std::vector<std::string_view> from, std::vector<std::string_view> to) {
    std::vector<Line> lines;
    const auto [a, b] = std::ranges::mismatch(from, to);
    for (auto it = from.begin(); it != a; ++it) lines.push_back({' ', *it});
    from.erase(from.begin(), a);
    to.erase(to.begin(), b);
    std::vector<std::string_view> tail;
    while (!from.empty() && !to.empty() && from.back() == to.back()) {
        tail.push_back(from.back());
        from.pop_back();
        to.pop_back();
    }
    const auto rows = from.size();
    const auto columns = to.size();
    const bool fits = (rows + 1) * (columns + 1) <= kCellsMax;
    std::vector<std::uint32_t> common(fits ? (rows + 1) * (columns + 1) : 0);
    const auto cell = [&](std::size_t i, std::size_t j) -> std::uint32_t& { return common[i * (columns + 1) + j]; };
    for (auto i = fits ? rows : 0; i-- > 0;)
        for (auto j = columns; j-- > 0;)
            cell(i, j) = from[i] == to[j] ? cell(i + 1, j + 1) + 1 : std::max(cell(i + 1, j), cell(i, j + 1));
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < rows || j < columns) {
        if (fits && i < rows && j < columns && from[i] == to[j]) {
            lines.push_back({' ', from[i++]});
            ++j;
        } else if (i < rows && (!fits || j == columns || cell(i + 1, j) >= cell(i, j + 1))) {
            lines.push_back({'-', from[i++]});
        } else {
            lines.push_back({'+', to[j++]});
        }
    }
    for (const auto& line : std::views::reverse(tail)) lines.push_back({' ', line});
    return lines;
}

void append_hunk(std::string& out, const std::vector<Line>& lines, std::size_t begin, std::size_t end) {
    const auto count = [&](std::size_t first, std::size_t last, char other) {
        std::size_t n = 0;
        for (auto i = first; i < last; ++i) n += lines[i].sign != other ? 1U : 0U;
        return n;
    };
    const auto from_count = count(begin, end, '+');
    const auto to_count = count(begin, end, '-');
    const auto from_line = count(0, begin, '+') + (from_count > 0 ? 1 : 0);
    const auto to_line = count(0, begin, '-') + (to_count > 0 ? 1 : 0);
    fmt::format_to(std::back_inserter(out), "@@ -{},{} +{},{} @@\n", from_line, from_count, to_line, to_count);
    for (auto i = begin; i < end; ++i) {
        out += lines[i].sign;
        out += lines[i].text;
        out += '\n';
    }
}

}  // namespace

std::string unified_diff(std::string_view from, std::string_view to, std::string_view from_name,
                         std::string_view to_name) {
    const auto lines = compare(lines_of(from), lines_of(to));
    const auto is_change = [](const Line& line) { return line.sign != ' '; };
    auto change = std::ranges::find_if(lines, is_change);
    if (change == lines.end()) return "";
    std::string out = fmt::format("--- {}\n+++ {}\n", from_name, to_name);
    while (change != lines.end()) {
        const auto first = static_cast<std::size_t>(change - lines.begin());
        auto end = first + 1;  // behind the last change of the hunk
        for (auto i = end; i < lines.size() && i <= end + 2 * kContext; ++i)
            if (is_change(lines[i])) end = i + 1;
        append_hunk(out, lines, first - std::min(first, kContext), std::min(lines.size(), end + kContext));
        change = std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(end), lines.end(), is_change);
    }
    return out;
}

}  // namespace center::model
