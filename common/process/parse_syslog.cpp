#include "common/process/parse_syslog.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "common/process/members.h"
#include "common/process/scanner.h"

namespace process {

namespace {

constexpr std::array<std::string_view, 24> kFacilities = {"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                                          "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                                          "ntp",    "audit",  "alert",  "clock",  "local0",   "local1",
                                                          "local2", "local3", "local4", "local5", "local6",   "local7"};
constexpr std::array<std::string_view, 8> kSeverities = {"emerg",   "alert",  "crit", "err",
                                                         "warning", "notice", "info", "debug"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Digits where `shape` has 0, a blank or a digit where it has _, else what it has itself.
bool has_shape(std::string_view text, std::string_view shape) {
    if (text.size() < shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool fits = shape[i] == '0'   ? is_digit(text[i])
                          : shape[i] == '_' ? is_digit(text[i]) || text[i] == ' '
                                            : text[i] == shape[i];
        if (!fits) return false;
    }
    return true;
}

void add(Value::Table& into, std::string_view name, std::string_view text) {
    if (!text.empty() && text != "-") into.emplace_back(name, Value::of_text(text));
}

void add_message(Value::Table& into, std::string_view text) {
    into.emplace_back("message", Value::of_text(text));
}

bool eat_priority(Scanner& line, Value::Table& into) {
    const auto end = line.left().find('>');
    if (!line.left().starts_with('<') || end == std::string_view::npos || end < 2 || end > 4) return false;
    std::size_t priority = 0;
    for (const char c : line.left().substr(1, end - 1)) {
        if (!is_digit(c)) return false;
        priority = priority * 10 + static_cast<std::size_t>(c - '0');
    }
    if (priority >= kFacilities.size() * kSeverities.size()) return false;
    line.take(end + 1);
    add(into, "facility", kFacilities[priority / kSeverities.size()]);
    add(into, "severity", kSeverities[priority % kSeverities.size()]);
    return true;
}

// The time at the beginning of a line in a file or of RFC 3164; "": none.
std::string_view eat_time(Scanner& line) {
    const auto left = line.left();
    std::size_t size = 0;
    if (std::ranges::find(kMonths, left.substr(0, 3)) != kMonths.end() && has_shape(left.substr(3), " _0 00:00:00")) {
        size = 15;
        if (left.substr(size).starts_with('.'))
            for (++size; size < left.size() && is_digit(left[size]);) ++size;
    } else if (has_shape(left, "0000-00-00T00:00:00")) {
        size = std::min(left.find(' '), left.size());
    }
    if (size == 0 || (size < left.size() && left[size] != ' ')) return {};
    return line.take(size);
}

// "app[pid]: " or "app: "; nothing is eaten where there is no such thing.
bool eat_tag(Scanner& line, Value::Table& into) {
    const auto left = line.left();
    const auto end = left.find_first_of(" :[");
    if (end == std::string_view::npos || end == 0 || left[end] == ' ') return false;
    std::string_view process;
    auto colon = end;
    if (left[end] == '[') {
        const auto close = left.find(']', end);
        if (close == std::string_view::npos || left.substr(end, close - end).find(' ') != std::string_view::npos)
            return false;
        process = left.substr(end + 1, close - end - 1);
        colon = close + 1;
    }
    if (colon >= left.size() || left[colon] != ':' || (colon + 1 < left.size() && left[colon + 1] != ' ')) return false;
    add(into, "appname", left.substr(0, end));
    add(into, "procid", process);
    line.take(colon + 1);
    line.eat(" ");
    return true;
}

// Behind the time: HOST TAG: MESSAGE. A daemon that writes to /dev/log leaves the host out; what has no tag is a
// message.
void read_rfc3164(Scanner& line, Value::Table& into) {
    line.eat(" ");
    if (!eat_tag(line, into)) {
        add(into, "hostname", line.word());
        line.eat(" ");
        eat_tag(line, into);
    }
    add_message(into, line.left());
}

// One [ID name="value" …]; escapes are \" \\ \].
class ElementReader {
 public:
    ElementReader(Scanner& line, Record& record) : line_(line), record_(record) {}

    bool read(Value::Table& into) {
        if (!line_.eat("[")) return false;
        const auto id = name();
        if (id.empty()) return false;
        const auto element = record_.make_table();
        while (line_.eat(" "))
            if (!read_parameter(*element.table)) return false;
        if (!line_.eat("]")) return false;
        keep_last(*element.table);
        into.emplace_back(id, element);
        return true;
    }

 private:
    std::string_view name() { return line_.take(std::min(line_.left().find_first_of(" =]\""), line_.left().size())); }

    bool read_parameter(Value::Table& into) {
        const auto parameter = name();
        if (parameter.empty() || !line_.eat("=\"")) return false;
        const auto left = line_.left();
        std::size_t end = 0;
        bool escaped = false;
        while (end < left.size() && left[end] != '"') {
            escaped = escaped || left[end] == '\\';
            end += left[end] == '\\' ? 2 : 1;
        }
        if (end >= left.size()) return false;
        const auto value = line_.take(end);
        line_.eat("\"");
        into.emplace_back(parameter, Value::of_text(escaped ? unescape(value) : value));
        return true;
    }

    std::string_view unescape(std::string_view value) {
        std::string out;
        for (std::size_t i = 0; i < value.size(); ++i) {
            const bool escape = value[i] == '\\' && i + 1 < value.size() &&
                                (value[i + 1] == '"' || value[i + 1] == '\\' || value[i + 1] == ']');
            out += value[i + (escape ? 1 : 0)];
            if (escape) ++i;
        }
        return record_.keep(out);
    }

    Scanner& line_;
    Record& record_;
};

bool eat_structured_data(Scanner& line, Record& record, Value::Table& into) {
    if (line.eat("-")) return true;
    const auto data = record.make_table();
    do {
        if (!ElementReader(line, record).read(*data.table)) return false;
    } while (line.left().starts_with('['));
    keep_last(*data.table);
    into.emplace_back("structured_data", data);
    return true;
}

// Behind "<PRI>1 ".
Parsed read_rfc5424(Scanner& line, Record& record, Value::Table& into) {
    const auto time = line.word();
    if (time != "-" && !has_shape(time, "0000-00-00T00:00:00")) return std::unexpected("no time after the version");
    add(into, "timestamp", time);
    for (const std::string_view name : {"hostname", "appname", "procid", "msgid"}) {
        if (!line.eat(" ")) return std::unexpected("too few fields in the header");
        const auto word = line.word();
        if (word.empty()) return std::unexpected("an empty field in the header");
        add(into, name, word);
    }
    if (!line.eat(" ")) return std::unexpected("no structured data");
    if (!eat_structured_data(line, record, into)) return std::unexpected("structured data without its end");
    if (line.left().empty()) return {};
    if (!line.eat(" ")) return std::unexpected("no blank after the structured data");
    line.eat(kByteOrderMark);
    add_message(into, line.left());
    return {};
}

class SyslogParser final : public Parser {
 public:
    Parsed parse(std::string_view text, Record& record, Value::Table& into) override {
        into.reserve(kMembersExpected);
        Scanner line(text);
        const bool has_priority = eat_priority(line, into);
        if (has_priority && line.eat("1 ")) return read_rfc5424(line, record, into);
        const auto time = eat_time(line);
        add(into, "timestamp", time);
        if (!time.empty()) {
            read_rfc3164(line, into);
        } else if (has_priority) {
            eat_tag(line, into);
            add_message(into, line.left());
        } else {
            return std::unexpected("neither <PRI> nor a time at the beginning");
        }
        return {};
    }
};

}  // namespace

std::unique_ptr<Parser> make_syslog_parser() {
    return std::make_unique<SyslogParser>();
}

}  // namespace process
