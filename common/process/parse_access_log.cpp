#include "common/process/parse_access_log.h"

#include <algorithm>
#include <cstdint>

#include "common/process/number.h"
#include "common/process/scanner.h"

namespace process {

namespace {

// How the two servers name what both write.
struct Names {
    std::string_view host;
    std::string_view ident;  // "": always "-", and left out
    std::string_view user;
    std::string_view time;
    std::string_view size;
    std::string_view referrer;
    std::string_view agent;
};

constexpr Names kNginx{.host = "remote_addr",
                       .user = "remote_user",
                       .time = "time_local",
                       .size = "body_bytes_sent",
                       .referrer = "http_referer",
                       .agent = "http_user_agent"};
constexpr Names kApache{.host = "host",
                        .ident = "ident",
                        .user = "user",
                        .time = "timestamp",
                        .size = "size",
                        .referrer = "referrer",
                        .agent = "agent"};

void add_text(Value::Table& into, std::string_view name, std::string_view text) {
    if (text != "-") into.emplace_back(name, Value::of_text(text));
}

bool is_method(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

void add_request(Value::Table& into, std::string_view request) {
    if (request.empty() || request == "-") return;
    const auto first = request.find(' ');
    const auto last = request.rfind(' ');
    const bool three = first != std::string_view::npos && last > first + 1 && request.find(' ', first + 1) == last &&
                       last + 1 < request.size();
    if (!three || !is_method(request.substr(0, first))) {
        into.emplace_back("request", Value::of_text(request));
        return;
    }
    into.emplace_back("method", Value::of_text(request.substr(0, first)));
    into.emplace_back("path", Value::of_text(request.substr(first + 1, last - first - 1)));
    into.emplace_back("protocol", Value::of_text(request.substr(last + 1)));
}

// HOST IDENT USER [TIME], the beginning of both. A user's name may have blanks in it.
Parsed read_client(Scanner& line, const Names& names, Value::Table& into) {
    const auto host = line.until(' ');
    if (!host || host->empty()) return std::unexpected("no address at the beginning");
    const auto ident = line.until(' ');
    if (!ident || ident->empty() || (names.ident.empty() && *ident != "-"))
        return std::unexpected("no \"-\" after the address");
    const auto user = line.until(" [");
    const auto time = user ? line.until("] \"") : std::nullopt;
    if (!time || time->empty() || user->empty()) return std::unexpected("no user and [time]");
    into.emplace_back(names.host, Value::of_text(*host));
    if (!names.ident.empty()) add_text(into, names.ident, *ident);
    add_text(into, names.user, *user);
    into.emplace_back(names.time, Value::of_text(*time));
    return {};
}

// REQUEST" STATUS SIZE
Parsed read_answer(Scanner& line, const Names& names, Value::Table& into) {
    const auto request = line.until_quote();
    if (!request) return std::unexpected("no end of the request");
    add_request(into, *request);
    if (!line.eat(" ")) return std::unexpected("no status");
    const auto status = count_of(line.word());
    if (status.empty()) return std::unexpected("no status");
    into.emplace_back("status", Value::of_number(status));
    if (!line.eat(" ")) return std::unexpected("no size");
    const auto size = line.word();
    if (size == "-") return {};
    const auto count = count_of(size);
    if (count.empty()) return std::unexpected("no size");
    into.emplace_back(names.size, Value::of_number(count));
    return {};
}

// "REFERRER" "AGENT", behind the first quote
Parsed read_browser(Scanner& line, const Names& names, Value::Table& into) {
    const auto referrer = line.until_quote();
    if (!referrer || !line.eat(" \"")) return std::unexpected("no referrer");
    const auto agent = line.until_quote();
    if (!agent) return std::unexpected("no user agent");
    add_text(into, names.referrer, *referrer);
    add_text(into, names.agent, *agent);
    return {};
}

class AccessLogParser final : public Parser {
 public:
    enum class Browser : std::uint8_t { needed, optional };

    AccessLogParser(const Names& names, Browser browser) : names_(names), browser_(browser) {}

    Parsed parse(std::string_view text, Record& /*record*/, Value::Table& into) override {
        into.reserve(kMembersExpected);
        Scanner line(text);
        if (auto read = read_client(line, names_, into); !read) return read;
        if (auto read = read_answer(line, names_, into); !read) return read;
        if (line.eat(" \"")) {
            if (auto read = read_browser(line, names_, into); !read) return read;
        } else if (browser_ == Browser::needed) {
            return std::unexpected("no referrer");
        }
        if (line.left().empty()) return {};
        if (!line.eat(" ")) return std::unexpected("no blank between two fields");
        if (!line.left().empty()) into.emplace_back("rest", Value::of_text(line.left()));
        return {};
    }

 private:
    const Names& names_;
    Browser browser_;
};

}  // namespace

std::unique_ptr<Parser> make_nginx_parser() {
    return std::make_unique<AccessLogParser>(kNginx, AccessLogParser::Browser::needed);
}

std::unique_ptr<Parser> make_apache_parser() {
    return std::make_unique<AccessLogParser>(kApache, AccessLogParser::Browser::optional);
}

}  // namespace process
