#include "center/catalog/validate.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "common/base/text.h"
#include "common/config/central.h"
#include "common/kafka/client_config.h"

namespace center::catalog {

namespace json = boost::json;

namespace {

std::string clusters_file(const std::string& name) {
    return fmt::format("clusters/{}.toml", name);
}

std::vector<Detail> details_of(const std::vector<config::FileProblem>& problems, std::string_view file,
                               std::string_view cut = "") {
    std::vector<Detail> details;
    for (const auto& [where, problem] : problems) {
        if (where != file) continue;
        auto key = problem.key;
        if (!cut.empty() && key.starts_with(cut)) key.erase(0, cut.size());
        details.push_back(
            {.line = problem.line, .column = problem.column, .key = std::move(key), .message = problem.message});
    }
    return details;
}

config::CentralScope scope_of_center() {
    return {.where = config::Where::center, .check = kafka::check_property};
}

std::expected<config::CentralConfig, std::vector<config::FileProblem>> read_pipeline(const State& state,
                                                                                     const std::string& file,
                                                                                     const std::string& body) {
    std::vector<config::CentralFile> files{{.name = file, .body = body}};
    for (const auto& [name, cluster] : state.clusters)
        if (const auto* newest = cluster.newest())
            files.push_back({.name = clusters_file(name), .body = cluster_toml(name, *newest->body)});
    return config::read_central(files, scope_of_center());
}

bool is_reference(std::string_view value) {
    return value.starts_with("${") && value.ends_with('}');
}

bool is_secret(std::string_view property) {
    constexpr std::array<std::string_view, 4> kWords = {"password", "secret", ".key.pem", "sasl.jaas"};
    return std::ranges::any_of(kWords, [&](auto word) { return property.find(word) != std::string_view::npos; });
}

std::string scalar_text(const json::value& value) {
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

// Of the right types, with known members; what the values are worth is for read_central() to say.
std::optional<Detail> fault_of(const json::object& object) {
    for (const auto& [key, value] : object) {
        const std::string name(key);
        if (name == "name" || name == "delivery") {
            if (!value.is_string()) return Detail{.key = name, .message = "is no string"};
        } else if (name == "brokers") {
            if (!value.is_array() || !std::ranges::all_of(value.as_array(), [](auto& v) { return v.is_string(); }))
                return Detail{.key = name, .message = "is no list of strings (write [\"host:9092\"])"};
        } else if (name == "properties") {
            if (!value.is_object()) return Detail{.key = name, .message = "is no object"};
            for (const auto& [property, setting] : value.as_object()) {
                const auto way = fmt::format("properties.{}", std::string(property));
                if (setting.is_structured() || setting.is_null())
                    return Detail{.key = way, .message = "is no string, number or boolean"};
                if (is_secret(property) && !is_reference(scalar_text(setting)))
                    return Detail{.key = way,
                                  .message = "is a secret (write \"${file:NAME}\", a file in each host's secrets_dir)"};
            }
        } else {
            return Detail{.key = name, .message = "is not known (one of: brokers properties delivery)"};
        }
    }
    return std::nullopt;
}

}  // namespace

std::string cluster_toml(const std::string& name, const std::string& body) {
    const auto value = json::parse(body);
    const auto& object = value.as_object();
    auto toml = fmt::format("[clusters.\"{}\"]\n", name);
    // JSON's strings, lists of strings and numbers are TOML's, too.
    const auto append = [&](const char* key) {
        if (const auto* member = object.if_contains(key))
            toml += fmt::format("{} = {}\n", key, json::serialize(*member));
    };
    append("brokers");
    append("delivery");
    const auto* properties = object.if_contains("properties");
    if (!properties) return toml;
    toml += fmt::format("[clusters.\"{}\".properties]\n", name);
    for (const auto& [property, setting] : properties->as_object())
        toml += fmt::format("{} = {}\n", json::serialize(json::value(property)), json::serialize(setting));
    return toml;
}

std::expected<std::string, Refusal> normal_cluster(const std::string& name, const std::string& text) {
    using Kind = Refusal::Kind;
    boost::system::error_code failed;
    const auto value = json::parse(text, failed);
    if (failed || !value.is_object())
        return refuse(Kind::bad, "the body is no JSON object",
                      {{.key = "body", .message = failed ? failed.message() : "is no object"}});
    if (auto fault = fault_of(value.as_object()))
        return refuse(Kind::bad, "the cluster is not valid", {std::move(*fault)});
    const auto& object = value.as_object();
    if (const auto* named = object.if_contains("name"); named && named->as_string() != name)
        return refuse(Kind::bad, "the cluster is not valid",
                      {{.key = "name", .message = fmt::format("is not {}, as the address says", name)}});
    json::object normal;
    for (const auto* key : {"brokers", "delivery"})
        if (const auto* member = object.if_contains(key)) normal[key] = *member;
    if (const auto* properties = object.if_contains("properties")) {
        std::map<std::string, json::value> sorted;
        for (const auto& [key, setting] : properties->as_object()) sorted.emplace(key, setting);
        normal["properties"] = json::object(sorted.begin(), sorted.end());
    }
    auto body = json::serialize(normal);
    const std::vector<config::CentralFile> files{{.name = clusters_file(name), .body = cluster_toml(name, body)}};
    const auto read = config::read_central(files, scope_of_center());
    if (read) return body;
    auto details = details_of(read.error(), files.front().name, fmt::format("clusters.{}.", name));
    for (auto& detail : details) detail.line = detail.column = 0;  // of the TOML, which nobody wrote
    return refuse(Kind::bad, "the cluster is not valid", std::move(details));
}

std::optional<Refusal> check_pipeline(const State& state, const std::string& name, const std::string& body) {
    const auto file = fmt::format("pipelines/{}.toml", name);
    const auto read = read_pipeline(state, file, body);
    if (!read) return Refusal{Refusal::Kind::bad, "the pipeline is not valid", details_of(read.error(), file)};
    if (read->pipelines.size() != 1)
        return Refusal{Refusal::Kind::bad,
                       "the pipeline is not valid",
                       {{.key = "pipelines",
                         .message = fmt::format("there are {} (write one, with name, source and sink at the top)",
                                                read->pipelines.size())}}};
    if (body.find("[clusters") != std::string::npos && body.find("[[pipelines]]") != std::string::npos)
        return Refusal{Refusal::Kind::bad,
                       "the pipeline is not valid",
                       {{.key = "clusters", .message = "has a place of its own (PUT /api/v1/clusters/NAME)"}}};
    if (read->pipelines.front().name != name)
        return Refusal{Refusal::Kind::bad,
                       "the pipeline is not valid",
                       {{.key = "name",
                         .message = fmt::format("{} is not {}, as the address says",
                                                base::quote(read->pipelines.front().name), base::quote(name))}}};
    return std::nullopt;
}

std::string cluster_of(const State& state, const std::string& pipeline_body) {
    const auto read = read_pipeline(state, "pipeline", pipeline_body);
    return read && read->pipelines.size() == 1 ? read->pipelines.front().sink.cluster : "";
}

}  // namespace center::catalog
