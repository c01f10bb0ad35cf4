// The commands that show what the center has.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <thread>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include "center/ctl/answers.h"
#include "center/ctl/commands.h"
#include "center/ctl/table.h"
#include "common/base/units.h"

namespace center::ctl {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds kLook{2};  // how often --watch asks

// "pipeline" and "pipelines" are the same to people.
std::string resource_of(const std::string& kind) {
    return kind.ends_with('s') ? kind : kind + "s";
}

std::string yes_or_no(const json::value& object, std::string_view member) {
    const auto said = cell(object, member);
    return said == "true" ? "yes" : said == "false" ? "no" : said;
}

std::string short_hash(const std::string& hash) {
    constexpr std::size_t kShown = 10;
    return hash.substr(0, kShown);
}

Row agent_row(const json::value& agent) {
    return {cell(agent, "name"),
            yes_or_no(agent, "online"),
            cell(agent, "apply_status"),
            yes_or_no(agent, "healthy"),
            base::show_size(static_cast<std::uint64_t>(std::max(0.0, number(agent, "lag_bytes")))),
            short_hash(cell(agent, "effective_hash")),
            cell(agent, "version"),
            cell(agent, "labels"),
            cell(agent, "id")};
}

// As a table of one column for each member, where nothing better is known.
void print_any(const json::value& answer) {
    Row header;
    std::vector<Row> rows;
    for (const auto& one : list_in(answer)) {
        if (!one.is_object()) {
            header = {"NAME"};
            rows.push_back({json::value_to<std::string>(one)});
            continue;
        }
        Row row;
        header.clear();
        for (const auto& [name, value] : one.as_object()) {
            std::string title(name);
            for (auto& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            header.push_back(std::move(title));
            row.push_back(cell(one, name));
        }
        rows.push_back(std::move(row));
    }
    if (rows.empty())
        fmt::print("nothing\n");
    else
        fmt::print("{}", table(header, rows));
}

// Again and again where that is wanted.
template <typename Show>
int repeat(ApiClient& center, const std::string& path, const Output& output, Show show) {
    while (true) {
        const auto answer = center.get(path);
        if (!answer) return complain(answer.error());
        if (output.watch && is_terminal(STDOUT_FILENO)) fmt::print("\x1b[H\x1b[2J");
        if (output.json)
            print_json(*answer);
        else
            show(*answer);
        if (!output.watch) return kExitOk;
        std::fflush(stdout);
        std::this_thread::sleep_for(kLook);
    }
}

}  // namespace

int get(ApiClient& center, const std::string& kind, const std::string& name, const Output& output) {
    const auto resource = resource_of(kind);
    if (name.empty()) return repeat(center, resource, output, print_any);
    const auto path = fmt::format("{}/{}", resource, escaped(name));
    const auto body = center.text(path);
    if (!body) return complain(body.error());
    if (output.json && resource == "pipelines")  // the others are JSON
        print_json({{"name", name}, {"body", *body}});
    else
        fmt::print("{}{}", *body, body->ends_with('\n') ? "" : "\n");
    return kExitOk;
}

int remove(ApiClient& center, const std::string& kind, const std::string& name, const Output& output) {
    const auto removed = center.remove(fmt::format("{}/{}", resource_of(kind), escaped(name)));
    if (!removed) return complain(removed.error());
    if (output.json)
        print_json({{"kind", kind}, {"name", name}, {"change", "removed"}});
    else
        fmt::print("{} {} is deleted\n", kind, name);
    return kExitOk;
}

int diff_revisions(ApiClient& center, const std::string& pipeline, std::optional<std::uint64_t> from,
                   std::optional<std::uint64_t> to, const Output& output) {
    std::string query;
    if (from) query += fmt::format("&from={}", *from);
    if (to) query += fmt::format("&to={}", *to);
    if (!query.empty()) query[0] = '?';
    const auto answer = center.get(fmt::format("pipelines/{}/diff{}", escaped(pipeline), query));
    if (!answer) return complain(answer.error());
    const auto diff = cell(*answer, "diff");
    if (output.json)
        print_json(*answer);
    else
        fmt::print("{}", is_terminal(STDOUT_FILENO) ? coloured(diff) : diff);
    return kExitOk;
}

int list_agents(ApiClient& center, const Output& output) {
    return repeat(center, "agents", output, [](const json::value& answer) {
        std::vector<Row> rows;
        for (const auto& agent : list_in(answer)) rows.push_back(agent_row(agent));
        fmt::print("{}",
                   table({"NAME", "ONLINE", "APPLY", "HEALTHY", "LAG", "CONFIG", "VERSION", "LABELS", "ID"}, rows));
    });
}

int show_agent(ApiClient& center, const std::string& name, const Output& output) {
    return repeat(center, "agents/" + escaped(name), output, [](const json::value& agent) {
        if (!agent.is_object()) return;
        std::vector<Row> rows;
        for (const auto& [member, value] : agent.as_object())
            if (member != "effective_config") rows.push_back({member, cell(agent, member)});
        fmt::print("{}", table({"WHAT", "VALUE"}, rows));
        const auto* files = agent.as_object().if_contains("effective_config");
        if (!files || !files->is_object()) return;
        for (const auto& [file, body] : files->as_object())
            fmt::print("\n--- {}\n{}", std::string_view(file),
                       body.is_string() ? printable(body.as_string()) : std::string());
    });
}

int retry_agent(ApiClient& center, const std::string& name, const Output& output) {
    const auto done = center.post(fmt::format("agents/{}/retry", escaped(name)), "");
    if (!done) return complain(done.error());
    if (output.json)
        print_json(*done);
    else
        fmt::print("{} is offered what it refused once more\n", name);
    return kExitOk;
}

int show_audit(ApiClient& center, const Output& output) {
    return repeat(center, "audit", output, print_any);
}

int create_token(ApiClient& center, const TokenOptions& options, const Output& output) {
    json::object body{{"kind", options.kind}};
    if (!options.name.empty()) body["name"] = options.name;
    if (!options.role.empty()) body["role"] = options.role;
    if (!options.group.empty()) body["group"] = options.group;
    if (options.uses) body["uses"] = *options.uses;
    if (!options.expires.empty()) body["expires"] = options.expires;
    const auto made = center.post("tokens", json::serialize(body));
    if (!made) return complain(made.error());
    if (output.json) {
        print_json(*made);
    } else {
        fmt::print("{}\n", cell(*made, "secret"));
        fmt::print(stderr, "venusctl: this secret of token {} is shown once\n", cell(*made, "id"));
    }
    return kExitOk;
}

int list_tokens(ApiClient& center, const Output& output) {
    return repeat(center, "tokens", output, print_any);
}

int revoke_token(ApiClient& center, const std::string& id, const Output& output) {
    return remove(center, "token", id, output);
}

}  // namespace center::ctl
