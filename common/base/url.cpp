#include "common/base/url.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "common/base/text.h"

namespace base {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::size_t kUrlBytesMax = 2048;

std::unexpected<Error> wrong(std::string_view text, std::string_view why) {
    return fail("{} {} (write https://host:port/path)", quote(text), why);
}

Result<std::uint16_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return fail("no port");
    return port;
}

}  // namespace

std::string Url::authority() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Url> parse_url(std::string_view text) {
    constexpr std::string_view kHttp = "http://";
    constexpr std::string_view kHttps = "https://";
    if (text.size() > kUrlBytesMax) return fail("is {} bytes long (at most {})", text.size(), kUrlBytesMax);
    const auto is_odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; };
    if (std::ranges::any_of(text, is_odd)) return wrong(text, "has white space in it");
    Url url{.is_secure = text.starts_with(kHttps)};
    if (!url.is_secure && !text.starts_with(kHttp)) return wrong(text, "is no http or https address");
    const auto rest = text.substr(url.is_secure ? kHttps.size() : kHttp.size());
    const auto path = std::min(rest.find_first_of("/?"), rest.size());
    if (rest.find('#') != std::string_view::npos) return wrong(text, "has a fragment");
    const auto authority = rest.substr(0, path);
    if (authority.find('@') != std::string_view::npos)
        return fail("has a user in it, which is not supported (use a token)");  // not shown: it may have a password
    if (path == rest.size() || rest[path] != '/') url.target = '/';
    url.target += rest.substr(path);

    const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
    if (bracket == std::string_view::npos) return wrong(text, "has a [ without its ]");
    const auto colon = authority.find(':', bracket);
    const auto host = authority.substr(0, std::min(colon, authority.size()));
    url.host = bracket > 0 ? host.substr(1, bracket - 1) : host;
    if (url.host.empty()) return wrong(text, "has no host");
    if (bracket > 0 && host.size() != bracket + 1) return wrong(text, "has something between ] and the port");
    url.port = url.is_secure ? kHttpsPort : kHttpPort;
    if (colon == std::string_view::npos) return url;
    const auto port = parse_port(authority.substr(colon + 1));
    if (!port) return wrong(text, "has no valid port");
    url.port = *port;
    return url;
}

}  // namespace base
