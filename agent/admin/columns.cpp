#include "agent/admin/columns.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace agent::admin {

namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kGap = 2;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
};

// Of valid UTF-8; of anything else its first byte.
Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (bytes == 1 || bytes > text.size()) return {.code = lead, .bytes = 1};
    char32_t code = lead & (0x7FU >> bytes);
    for (const char next : text.substr(1, bytes - 1)) code = (code << 6U) | (static_cast<unsigned char>(next) & 0x3FU);
    return {.code = code, .bytes = bytes};
}

std::size_t cells_of(char32_t code) {
    constexpr std::array<std::pair<char32_t, char32_t>, 9> kWide{{{0x1100, 0x115F},
                                                                  {0x2E80, 0xA4CF},
                                                                  {0xAC00, 0xD7A3},
                                                                  {0xF900, 0xFAFF},
                                                                  {0xFE30, 0xFE6F},
                                                                  {0xFF00, 0xFF60},
                                                                  {0xFFE0, 0xFFE6},
                                                                  {0x1F300, 0x1FAFF},
                                                                  {0x20000, 0x3FFFD}}};
    return std::ranges::any_of(kWide, [&](const auto& range) { return code >= range.first && code <= range.second; })
               ? 2
               : 1;
}

bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

std::size_t total(const std::vector<std::size_t>& widths) {
    std::size_t sum = 0;
    std::size_t shown = 0;
    for (const auto width : widths) {
        if (width == kNone) continue;
        sum += width;
        ++shown;
    }
    return sum + (shown > 0 ? (shown - 1) * kGap : 0);
}

// The least important columns go until the others fit when they are cut; then the widest are cut.
void fit(std::vector<std::size_t>& widths, const std::vector<Column>& columns, std::size_t width) {
    auto least = widths;  // how narrow they may be
    for (std::size_t i = 0; i < columns.size(); ++i)
        if (columns[i].width_min > 0) least[i] = std::min(widths[i], columns[i].width_min);
    while (total(least) > width && std::ranges::count(least, kNone) + 1 < std::ssize(columns)) {
        std::size_t goes = kNone;
        for (std::size_t i = 0; i < columns.size(); ++i)
            if (least[i] != kNone && (goes == kNone || columns[i].importance < columns[goes].importance)) goes = i;
        least[goes] = widths[goes] = kNone;
    }
    while (total(widths) > width) {
        std::size_t widest = kNone;
        for (std::size_t i = 0; i < columns.size(); ++i)
            if (widths[i] != kNone && widths[i] > least[i] && (widest == kNone || widths[i] > widths[widest]))
                widest = i;
        if (widest == kNone) return;  // one column is left, and is wider than the screen
        --widths[widest];
    }
}

std::string line_of(const Cells& cells, const std::vector<Column>& columns, const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (widths[i] == kNone) continue;
        const auto cell = columns[i].is_path ? cut_beginning(cells[i], widths[i]) : cut_end(cells[i], widths[i]);
        const std::string room(widths[i] - std::min(widths[i], width_of(cell)), ' ');
        line += columns[i].side == Side::right ? room + cell : cell + room;
        line.append(kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

}  // namespace

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto next = first_character(text);
        width += cells_of(next.code);
        text.remove_prefix(next.bytes);
    }
    return width;
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto next = first_character(text);
        if (is_control(next.code))
            out += '?';
        else
            out += text.substr(0, next.bytes);
        text.remove_prefix(next.bytes);
    }
    return out;
}

std::string cut_end(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::size_t kept = 0;
    std::size_t cells = 1;  // the ellipsis
    for (auto next = first_character(text); cells + cells_of(next.code) <= width;
         next = first_character(text.substr(kept))) {
        cells += cells_of(next.code);
        kept += next.bytes;
    }
    return std::string(text.substr(0, kept)) + std::string(kEllipsis);
}

std::string cut_beginning(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) return std::string(text);
    if (width == 0) return {};
    for (auto cells = width_of(text); cells + 1 > width;) {
        const auto next = first_character(text);
        cells -= cells_of(next.code);
        text.remove_prefix(next.bytes);
    }
    return std::string(kEllipsis) + std::string(text);
}

std::string show_duration(double seconds) {
    constexpr std::array<std::pair<double, const char*>, 3> kUnits{{{86'400, "d"}, {3'600, "h"}, {60, "min"}}};
    for (const auto& [size, unit] : kUnits)
        if (seconds >= 2 * size) return fmt::format("{:.0f} {}", std::floor(seconds / size), unit);
    return fmt::format("{:.0f} s", std::max(0.0, seconds));
}

std::vector<std::string> lay_out(const std::vector<Column>& columns, const std::vector<Cells>& rows,
                                 std::size_t width) {
    Cells headings;
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        headings.push_back(columns[i].heading);
        widths.push_back(std::transform_reduce(
            rows.begin(), rows.end(), width_of(columns[i].heading),
            [](std::size_t a, std::size_t b) { return std::max(a, b); },
            [i](const Cells& row) { return width_of(row[i]); }));
    }
    fit(widths, columns, width);
    std::vector<std::string> lines{line_of(headings, columns, widths)};
    for (const auto& row : rows) lines.push_back(line_of(row, columns, widths));
    for (auto& line : lines) line = cut_end(line, width);
    return lines;
}

}  // namespace agent::admin
