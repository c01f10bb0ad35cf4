#include "common/config/rules.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

#include <fmt/format.h>

#include "common/base/text.h"

namespace config {

namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kTopicBytesMax = 249;
constexpr std::size_t kSocketPathBytesMax = 107;  // sun_path and its final zero

bool is_word(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    });
}

// The first `[` that nothing closes, or a backslash that escapes nothing. `]` right after `[` or `[!` is a member.
Complaint check_brackets(std::string_view glob) {
    for (std::size_t i = 0; i < glob.size(); ++i) {
        if (glob[i] == '\\') {
            if (++i == glob.size())
                return fmt::format("{} ends in a backslash (write \\\\ for itself)", base::quote(glob));
            continue;
        }
        if (glob[i] != '[') continue;
        auto first = i + 1;
        if (first < glob.size() && (glob[first] == '!' || glob[first] == '^')) ++first;
        const auto end = glob.find(']', first + 1);
        if (end == std::string_view::npos) {
            return fmt::format("{} has a [ without its ] (write \\[ for the bracket itself)", base::quote(glob));
        }
        i = end;
    }
    return std::nullopt;
}

Complaint check_host_port(std::string_view address, unsigned port_min) {
    constexpr unsigned kPortMax = 65'535;
    const auto colon = address.rfind(':');
    const auto wrong = [&](std::string_view why) {
        return fmt::format("{} {} (write host:port, as 127.0.0.1:9092)", base::quote(address), why);
    };
    if (colon == std::string_view::npos) return wrong("has no port");
    const auto host = address.substr(0, colon);
    const auto digits = address.substr(colon + 1);
    unsigned port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
    if (!is_number || port < port_min || port > kPortMax) return wrong("has no valid port");
    const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
    if (host.find(':') != std::string_view::npos && !is_bracketed) {
        return fmt::format("{} is no host:port (write an IPv6 address in brackets: [::1]:9092)", base::quote(address));
    }
    const auto is_odd = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == ',' || c == 0x7F;
    };
    if (std::ranges::any_of(host, is_odd)) return wrong("is no host:port");
    return std::nullopt;
}

}  // namespace

Complaint check_absolute_path(std::string_view path) {
    if (!path.starts_with('/')) return fmt::format("{} is not an absolute path (begin it with /)", base::quote(path));
    if (path.find('\0') != std::string_view::npos) return fmt::format("{} has a zero byte in it", base::quote(path));
    return std::nullopt;
}

Complaint check_socket_path(std::string_view path) {
    if (path.size() > kSocketPathBytesMax) {
        return fmt::format("{} is too long for a Unix socket (at most {} bytes)", base::quote(path),
                           kSocketPathBytesMax);
    }
    return check_absolute_path(path);
}

Complaint check_include_glob(std::string_view glob) {
    if (auto complaint = check_absolute_path(glob)) return complaint;
    return check_brackets(glob);
}

Complaint check_exclude_glob(std::string_view glob) {
    if (glob.empty()) return "is empty (write a glob: \"*.gz\")";
    if (glob.find('/') != std::string_view::npos && !glob.starts_with('/') && !glob.starts_with("**")) {
        return fmt::format(
            "{} has a slash, so it is held against whole paths, but is not absolute (begin it with / or **/)",
            base::quote(glob));
    }
    return check_brackets(glob);
}

Complaint check_broker(std::string_view address) {
    if (address.starts_with(':')) return fmt::format("{} has no host (write host:port)", base::quote(address));
    return check_host_port(address, 1);
}

Complaint check_listen(std::string_view address) {
    constexpr std::string_view kUnix = "unix:";
    if (address.starts_with(kUnix)) return check_socket_path(address.substr(kUnix.size()));
    return check_host_port(address, 0);
}

Complaint check_name(std::string_view name) {
    if (name.empty()) return "is empty (use letters, digits, . _ -)";
    if (!is_word(name)) return fmt::format("{} is not a name (use letters, digits, . _ -)", base::quote(name));
    if (name.size() > kNameBytesMax) return fmt::format("is {} bytes long (at most {})", name.size(), kNameBytesMax);
    return std::nullopt;
}

Complaint check_topic(std::string_view topic) {
    if (topic.empty()) return "makes an empty topic (write at least one letter)";
    if (!is_word(topic) || topic == "." || topic == "..") {
        return fmt::format("makes the topic {}, which Kafka does not allow (use letters, digits, . _ -)",
                           base::quote(topic));
    }
    if (topic.size() > kTopicBytesMax) {
        return fmt::format("makes a topic of {} bytes, which Kafka does not allow (at most {})", topic.size(),
                           kTopicBytesMax);
    }
    return std::nullopt;
}

bool is_topic(std::string_view topic) {
    const bool has_length = !topic.empty() && topic.size() <= kTopicBytesMax;
    return has_length && is_word(topic) && topic != "." && topic != "..";
}

}  // namespace config
