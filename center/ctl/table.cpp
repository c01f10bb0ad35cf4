#include "center/ctl/table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace center::ctl {

namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kCyan = "\x1b[36m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kGap = "  ";

// Code points, which is what a column counts.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void append(std::string& out, const Row& row, const std::vector<std::size_t>& widths) {
    for (std::size_t column = 0; column < row.size(); ++column) {
        const std::string_view cell = row[column].empty() ? std::string_view("-") : row[column];
        out += cell;
        if (column + 1 == row.size()) break;
        out.append(widths[column] - width_of(cell), ' ');
        out += kGap;
    }
    out += '\n';
}

}  // namespace

std::string table(const Row& header, const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(header.size(), 1);
    const auto widen = [&](const Row& row) {
        for (std::size_t column = 0; column < row.size(); ++column)
            widths[column] = std::max(widths[column], width_of(row[column]));
    };
    widen(header);
    for (const auto& row : rows) widen(row);
    std::string out;
    append(out, header, widths);
    for (const auto& row : rows) append(out, row, widths);
    return out;
}

std::string show_age(double seconds) {
    constexpr std::array<std::pair<double, const char*>, 3> kUnits{{{86'400, "d"}, {3'600, "h"}, {60, "min"}}};
    for (const auto& [size, unit] : kUnits)
        if (seconds >= 2 * size) return fmt::format("{:.0f} {}", std::floor(seconds / size), unit);
    return fmt::format("{:.0f} s", std::max(0.0, seconds));
}

std::string coloured(std::string_view diff) {
    std::string out;
    while (!diff.empty()) {
        const auto end = std::min(diff.find('\n'), diff.size() - 1) + 1;
        const auto line = diff.substr(0, end);
        const auto colour = line.starts_with("@@")  ? kCyan
                            : line.starts_with('+') ? kGreen
                            : line.starts_with('-') ? kRed
                                                    : std::string_view();
        out += colour;
        out += line;
        if (!colour.empty()) out += kPlain;
        diff.remove_prefix(end);
    }
    return out;
}

bool is_terminal(int descriptor) {
    return ::isatty(descriptor) == 1;
}

}  // namespace center::ctl
