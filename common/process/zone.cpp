#include "common/process/zone.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/process/scanner.h"

namespace process {

namespace {

constexpr std::string_view kFolder = "/usr/share/zoneinfo/";
constexpr std::string_view kLocal = "/etc/localtime";
constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::int64_t kDaySeconds = 86'400;

std::optional<std::string> load(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes(kFileBytesMax, '\0');
    if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) && !file.eof()) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
}

// Eats a zoneinfo file; what it has no bytes for is 0, and is_good() no more.
class Bytes {
 public:
    explicit Bytes(std::string_view left) : left_(left) {}

    std::string_view take(std::size_t size) {
        is_good_ = is_good_ && size <= left_.size();
        if (!is_good_) return {};
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }
    std::int64_t number(std::size_t size) {  // signed, the highest byte first
        std::uint64_t value = 0;
        const auto bytes = take(size);
        if (!bytes.empty() && (bytes[0] & 0x80) != 0) value = ~std::uint64_t{0};
        for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
        return static_cast<std::int64_t>(value);
    }
    std::string_view left() const { return left_; }
    bool is_good() const { return is_good_; }

 private:
    std::string_view left_;
    bool is_good_ = true;
};

struct Counts {
    std::size_t utc_marks = 0;
    std::size_t standard_marks = 0;
    std::size_t leaps = 0;
    std::size_t changes = 0;
    std::size_t types = 0;
    std::size_t letters = 0;

    std::size_t bytes(std::size_t time) const {
        return changes * (time + 1) + types * 6 + letters + leaps * (time + 4) + standard_marks + utc_marks;
    }
};

std::optional<Counts> take_header(Bytes& bytes) {
    const auto head = bytes.take(20);
    if (!head.starts_with("TZif") || head[4] < '2') return std::nullopt;
    const auto count = [&] { return static_cast<std::size_t>(bytes.number(4) & 0xFFFF'FFFF); };
    Counts counts;
    for (auto* each :
         {&counts.utc_marks, &counts.standard_marks, &counts.leaps, &counts.changes, &counts.types, &counts.letters}) {
        *each = count();
        if (*each > kFileBytesMax) return std::nullopt;
    }
    return bytes.is_good() ? std::optional(counts) : std::nullopt;
}

}  // namespace

std::optional<std::int32_t> eat_offset(std::string_view& text) {
    if (text.starts_with('Z') || text.starts_with('z')) {
        text.remove_prefix(1);
        return 0;
    }
    const auto two = [&](std::size_t at) -> std::optional<int> {
        if (text.size() < at + 2 || !is_digit(text[at]) || !is_digit(text[at + 1])) return std::nullopt;
        return (text[at] - '0') * 10 + (text[at + 1] - '0');
    };
    if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
    const auto hours = two(1);
    if (!hours || *hours > 23) return std::nullopt;
    const std::size_t colon = text.substr(3).starts_with(':') ? 1 : 0;
    const auto minutes = two(3 + colon);
    if (minutes && *minutes > 59) return std::nullopt;
    const auto seconds = *hours * 3600 + minutes.value_or(0) * 60;
    const auto offset = text[0] == '-' ? -seconds : seconds;
    text.remove_prefix(minutes ? 5 + colon : 3);
    return offset;
}

// "CET-1CEST,M3.5.0,M10.5.0/3", as POSIX has it, and RFC 8536 behind a file's changes.
class Zone::RuleReader {
 public:
    explicit RuleReader(std::string_view left) : left_(left) {}

    std::optional<Rule> read() {
        Rule rule;
        if (!eat_offset_of_name(rule.winter)) return std::nullopt;
        if (left_.empty()) return rule;
        rule.has_summer = true;
        rule.summer = rule.winter + 3600;
        if (!eat_offset_of_name(rule.summer)) return std::nullopt;
        if (!eat_day(rule.begin) || !eat_day(rule.end) || !left_.empty()) return std::nullopt;
        return rule;
    }

 private:
    bool eat(char c) {
        if (!left_.starts_with(c)) return false;
        left_.remove_prefix(1);
        return true;
    }

    // "CET-1": POSIX counts to the west. Without a number `offset` stays as it is.
    bool eat_offset_of_name(std::int32_t& offset) {
        if (!eat_name()) return false;
        if (left_.starts_with(',')) return true;
        const auto time = eat_time();
        offset = -time.value_or(0);
        return time.has_value();
    }

    bool eat_name() {
        if (eat('<')) {
            const auto end = left_.find('>');
            if (end == std::string_view::npos) return false;
            left_.remove_prefix(end + 1);
            return true;
        }
        std::size_t size = 0;
        while (size < left_.size() && std::isalpha(static_cast<unsigned char>(left_[size])) != 0) ++size;
        left_.remove_prefix(size);
        return size >= 3;
    }

    std::optional<int> eat_number(int max) {
        int value = 0;
        std::size_t size = 0;
        for (; size < left_.size() && is_digit(left_[size]) && value <= max; ++size)
            value = value * 10 + (left_[size] - '0');
        left_.remove_prefix(size);
        return size > 0 && value <= max ? std::optional(value) : std::nullopt;
    }

    std::optional<std::int32_t> eat_time() {
        const bool is_negative = eat('-');
        if (!is_negative) eat('+');
        const auto hours = eat_number(167);
        if (!hours) return std::nullopt;
        const auto minutes = eat(':') ? eat_number(59) : 0;
        const auto seconds = minutes && eat(':') ? eat_number(59) : 0;
        if (!minutes || !seconds) return std::nullopt;
        const auto time = *hours * 3600 + *minutes * 60 + *seconds;
        return is_negative ? -time : time;
    }

    bool eat_day(Day& day) {
        if (!eat(',')) return false;
        const auto number = [&](int& into, int min, int max) {
            const auto eaten = eat_number(max);
            into = eaten.value_or(0);
            return eaten && into >= min;
        };
        if (eat('M')) {
            day.kind = 'M';
            if (!number(day.month, 1, 12) || !eat('.') || !number(day.week, 1, 5) || !eat('.') ||
                !number(day.day, 0, 6))
                return false;
        } else {
            day.kind = eat('J') ? 'J' : 'n';
            if (!number(day.day, day.kind == 'J' ? 1 : 0, 365)) return false;
        }
        if (!eat('/')) return true;
        const auto time = eat_time();
        day.time = time.value_or(0);
        return time.has_value();
    }

    std::string_view left_;
};

std::expected<Zone, std::string> Zone::find(std::string_view name) {
    if (name == "UTC") return Zone();
    if (name.starts_with('+') || name.starts_with('-')) {
        auto left = name;
        const auto offset = eat_offset(left);
        if (!offset || !left.empty())
            return std::unexpected(fmt::format("{} is no offset (+08:00)", base::quote(name)));
        Zone zone;
        zone.first_ = *offset;
        return zone;
    }
    if (name == "local") {
        const auto file = load(std::string(kLocal));
        return file ? read(*file).value_or(Zone()) : Zone();
    }
    const bool leaves = name.empty() || name.starts_with('/') || name.find("..") != std::string_view::npos ||
                        name.find('\0') != std::string_view::npos;
    const auto file = leaves ? std::nullopt : load(std::string(kFolder) + std::string(name));
    auto zone = file ? read(*file) : std::nullopt;
    if (!zone)
        return std::unexpected(fmt::format("{} is not known (use UTC, local, +08:00 or a name in {}, as Asia/Shanghai)",
                                           base::quote(name), kFolder));
    return *std::move(zone);
}

std::optional<Zone> Zone::read(std::string_view file) {
    Bytes bytes(file);
    const auto old = take_header(bytes);  // with times of 32 bits, passed over
    if (!old) return std::nullopt;
    bytes.take(old->bytes(4));
    const auto counts = take_header(bytes);
    if (!counts || counts->types == 0 || bytes.left().size() < counts->bytes(8)) return std::nullopt;

    Zone zone;
    zone.changes_.resize(counts->changes);
    for (auto& change : zone.changes_) change.at = bytes.number(8);
    const auto types = bytes.take(counts->changes);
    std::vector<std::int32_t> offsets(counts->types);
    for (auto& offset : offsets) {
        offset = static_cast<std::int32_t>(bytes.number(4));
        bytes.take(2);
        if (offset <= -kDaySeconds * 7 || offset >= kDaySeconds * 7) return std::nullopt;
    }
    for (std::size_t i = 0; i < types.size(); ++i) {
        const auto type = static_cast<std::size_t>(static_cast<unsigned char>(types[i]));
        if (type >= offsets.size()) return std::nullopt;
        zone.changes_[i].offset = offsets[type];
    }
    if (!std::ranges::is_sorted(zone.changes_, {}, &Change::at)) return std::nullopt;
    zone.first_ = offsets[0];
    bytes.take(counts->letters + counts->leaps * 12 + counts->standard_marks + counts->utc_marks);
    const auto footer = bytes.left();
    if (!footer.starts_with('\n') || !footer.ends_with('\n') || footer.size() < 2) return std::nullopt;
    if (footer.size() > 2) {
        zone.rule_ = RuleReader(footer.substr(1, footer.size() - 2)).read();
        if (!zone.rule_) return std::nullopt;
    }
    return zone;
}

std::int64_t Zone::to_utc(std::int64_t local) const {
    // Clocks are not changed twice within these two days.
    const auto before = offset_at(local - kDaySeconds);
    const auto after = offset_at(local + kDaySeconds);
    if (before == after || offset_at(local - before) == before) return local - before;
    return offset_at(local - after) == after ? local - after : local - before;
}

std::int32_t Zone::offset_at(std::int64_t utc) const {
    const auto next = std::ranges::upper_bound(changes_, utc, {}, &Change::at);
    if (next == changes_.end() && rule_) return offset_by_rule(utc);
    return next == changes_.begin() ? first_ : std::prev(next)->offset;
}

std::int32_t Zone::offset_by_rule(std::int64_t utc) const {
    if (!rule_->has_summer) return rule_->winter;
    using namespace std::chrono;
    const year_month_day date(floor<days>(sys_seconds(seconds(utc + rule_->winter))));
    const auto year = static_cast<int>(date.year());
    const auto begin = moment_of(rule_->begin, year) - rule_->winter;
    const auto end = moment_of(rule_->end, year) - rule_->summer;
    const bool is_summer = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
    return is_summer ? rule_->summer : rule_->winter;
}

std::int64_t Zone::moment_of(const Day& day, int year) {
    using namespace std::chrono;
    const std::chrono::year that(year);
    sys_days date;
    if (day.kind == 'M') {
        const auto month = that / day.month;
        const weekday wanted(static_cast<unsigned>(day.day));
        date =
            day.week == 5 ? sys_days(month / wanted[last]) : sys_days(month / wanted[static_cast<unsigned>(day.week)]);
    } else {
        const bool skips = day.kind == 'J' && that.is_leap() && day.day >= 60;  // J never counts 29 February
        date = sys_days(that / January / 1) + days(day.day - (day.kind == 'J' ? 1 : 0) + (skips ? 1 : 0));
    }
    return duration_cast<seconds>(date.time_since_epoch()).count() + day.time;
}

}  // namespace process
