#include "common/config/check_central.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include "common/base/text.h"
#include "common/config/central.h"
#include "common/config/fields.h"

namespace config {

namespace {

// A part of a glob's component that matches on its own.
struct Token {
    enum class Kind { literal, one, any, set };
    Kind kind = Kind::literal;
    std::string text;
};

std::vector<std::string_view> components_of(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const auto slash = std::min(path.find('/'), path.size());
        if (slash > 0) parts.push_back(path.substr(0, slash));
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return parts;
}

std::vector<Token> tokens_of(std::string_view component) {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < component.size(); ++i) {
        const char c = component[i];
        if (c == '*') {
            tokens.push_back({.kind = Token::Kind::any, .text = "*"});
        } else if (c == '?') {
            tokens.push_back({.kind = Token::Kind::one, .text = "?"});
        } else if (c == '\\' && i + 1 < component.size()) {
            tokens.push_back({.text = std::string(1, component[++i])});
        } else if (const auto end = c == '[' ? component.find(']', i + 2) : std::string_view::npos;
                   end != std::string_view::npos) {
            tokens.push_back({.kind = Token::Kind::set, .text = std::string(component.substr(i, end + 1 - i))});
            i = end;
        } else {
            tokens.push_back({.text = std::string(1, c)});
        }
    }
    return tokens;
}

bool takes(const Token& allowed, const Token& token) {
    switch (allowed.kind) {
        case Token::Kind::any:
            return true;
        case Token::Kind::one:
            return token.kind != Token::Kind::any;
        case Token::Kind::set:
            if (token.kind == Token::Kind::set) return token.text == allowed.text;
            return token.kind == Token::Kind::literal && ::fnmatch(allowed.text.c_str(), token.text.c_str(), 0) == 0;
        case Token::Kind::literal:
            return token.kind == Token::Kind::literal && token.text == allowed.text;
    }
    return false;
}

// Whether `allowed` takes the whole of `items`, where one of its members that is `many` takes any number of them.
template <typename Items, typename IsMany, typename Takes>
bool covers(const Items& allowed, const Items& items, IsMany is_many, Takes takes_one) {
    std::vector<char> reached(items.size() + 1, 0);  // by the allowed ones so far: how many items they may have taken
    reached[0] = 1;
    for (const auto& one : allowed) {
        std::vector<char> next(items.size() + 1, 0);
        for (std::size_t i = 0; i <= items.size(); ++i) {
            if (is_many(one)) {
                next[i] = static_cast<char>(reached[i] != 0 || (i > 0 && next[i - 1] != 0));
            } else if (i > 0) {
                next[i] = static_cast<char>(reached[i - 1] != 0 && takes_one(one, items[i - 1]));
            }
        }
        reached = std::move(next);
    }
    return reached[items.size()] != 0;
}

bool component_within(std::string_view component, std::string_view allowed) {
    return covers(
        tokens_of(allowed), tokens_of(component), [](const Token& token) { return token.kind == Token::Kind::any; },
        takes);
}

bool is_literal(std::string_view component) {
    return std::ranges::all_of(tokens_of(component),
                               [](const Token& token) { return token.kind == Token::Kind::literal; });
}

std::string unescaped(std::string_view component) {
    std::string text;
    for (const auto& token : tokens_of(component)) text += token.text;
    return text;
}

std::string escaped(std::string_view path) {
    std::string glob;
    for (const char c : path) {
        if (std::string_view("*?[\\").contains(c)) glob += '\\';
        glob += c;
    }
    return glob;
}

// The glob with the links resolved that lie before its first wildcard; as it is where they cannot be.
std::string resolved(std::string_view glob) {
    const auto parts = components_of(glob);
    const auto wild = std::ranges::find_if_not(parts, is_literal);
    std::filesystem::path base = "/";
    for (auto part = parts.begin(); part != wild; ++part) base /= unescaped(*part);
    std::error_code failed;
    const auto real = std::filesystem::weakly_canonical(base, failed);
    if (failed) return std::string(glob);
    auto text = real == "/" ? "" : escaped(real.string());
    for (auto part = wild; part != parts.end(); ++part) text.append("/").append(*part);
    return text;
}

// `key` is the host's, with the globs in `allowed`.
void check_path(const Value& value, std::string_view glob, std::string_view key,
                const std::vector<std::string>& allowed, Problems& problems) {
    const auto is_allowed = [&](std::string_view path) {
        return std::ranges::any_of(allowed, [&](const auto& one) { return is_within(path, one); });
    };
    const auto real = resolved(glob);
    if (is_allowed(glob) && is_allowed(real)) return;
    const auto leads = is_allowed(glob) ? fmt::format(" leads to {}, which", base::quote(real)) : std::string();
    problems.add(value, fmt::format("{}{} is not within {} of this host (which has {})", base::quote(value.text), leads,
                                    key, allowed.empty() ? "nothing" : fmt::format("{}", fmt::join(allowed, ", "))));
}

bool climbs(std::string_view part) {
    return part == ".." || part == ".";
}

// What the agent keeps for itself, and ways around that.
void check_not_private(const Value& path, const AgentConfig& agent, Problems& problems) {
    if (std::ranges::any_of(components_of(path.text), climbs))
        problems.add(path,
                     fmt::format("{} has \".\" or \"..\" in it (write the path without)", base::quote(path.text)));
    for (const auto& folder : {agent.data_dir, agent.secrets_dir})
        if (path.text.starts_with(folder + "/"))
            problems.add(path, fmt::format("{} is the agent's own: {} is no place for lines", base::quote(path.text),
                                           base::quote(folder)));
}

// The folder of a template that is filled on the way: what follows the first name in it may be anything below.
std::string glob_of(std::string_view path_template) {
    const auto name = path_template.find('{');
    if (name == std::string_view::npos) return std::string(path_template);
    const auto slash = path_template.substr(0, name).rfind('/');
    if (slash == std::string_view::npos) return "/**";
    return std::string(path_template.substr(0, slash)) + "/**";
}

// By what librdkafka calls them, those of later versions too: "plugin.library.paths", "ssl.ca.location",
// "sasl.kerberos.keytab", "sasl.kerberos.kinit.cmd".
bool leads_to_the_host(std::string_view property) {
    constexpr std::array<std::string_view, 3> kFamilies = {"plugin.", "ssl.engine.", "ssl.providers"};
    constexpr std::array<std::string_view, 5> kEndings = {".location", ".keytab", ".cmd", ".path", ".paths"};
    return std::ranges::any_of(kFamilies, [&](std::string_view begin) { return property.starts_with(begin); }) ||
           std::ranges::any_of(kEndings, [&](std::string_view end) { return property.ends_with(end); });
}

// What is refused is broken: asking librdkafka about it might open the file.
void check_property_table(Value& table, const std::string& way, Problems& problems) {
    for (auto& item : table.items) {
        const auto name = way + item.name;
        if (item.kind == Value::Kind::table) {
            check_property_table(item, name + ".", problems);
        } else if (leads_to_the_host(name)) {
            item.is_broken = true;
            problems.add(item,
                         "makes librdkafka open a file, run a program or load code of the host: only the host's own "
                         "file may set it (certificates and keys: ssl.ca.pem = \"${file:NAME}\", ssl.certificate.pem, "
                         "ssl.key.pem)");
        }
    }
}

}  // namespace

bool is_within(std::string_view glob, std::string_view allowed) {
    const auto parts = components_of(glob);
    if (std::ranges::any_of(parts, climbs)) return false;
    return covers(
        components_of(allowed), parts, [](std::string_view part) { return part == "**"; },
        [](std::string_view one, std::string_view part) { return part != "**" && component_within(part, one); });
}

void check_paths(const Value& pipeline, const AgentConfig& agent, Problems& problems) {
    const auto* source = usable(pipeline, "source");
    const auto* include = source ? usable(*source, "include") : nullptr;
    if (include) {
        for (const auto& glob : include->items)
            if (!glob.is_broken) check_path(glob, glob.text, "agent.allow_paths", agent.allow_paths, problems);
    }
    const auto* sink = usable(pipeline, "sink");
    const auto* path = sink ? usable(*sink, "path") : nullptr;
    if (path) check_not_private(*path, agent, problems);
    if (path) check_path(*path, glob_of(path->text), "agent.allow_sink_paths", agent.allow_sink_paths, problems);
}

void check_properties(Value& clusters, Problems& problems) {
    for (auto& cluster : clusters.items)
        for (auto& member : cluster.items)
            if (member.name == "properties" && !member.is_broken) check_property_table(member, "", problems);
}

}  // namespace config
