#include "common/config/central.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/config/check_central.h"
#include "common/config/check_keys.h"
#include "common/config/fields.h"
#include "common/config/interpolate.h"
#include "common/config/sections.h"

namespace config {

namespace {

constexpr std::size_t kFileBytesMax = 1ULL << 20;

// A file that could be read as TOML.
struct Document {
    std::string name;
    Value root;
    bool is_pipeline = false;  // form 1
    Problems problems;
};

bool has_form_of_pipeline(const Value& root) {
    const auto is_here = [&](std::string_view name) { return root.find(name) != nullptr; };
    return !is_here("pipelines") && !is_here("clusters") && (is_here("source") || is_here("sink") || is_here("name"));
}

// Tables of a host's own file: known there, but not to be set from here.
void refuse_tables_of_the_host(Value& root, Problems& problems) {
    constexpr std::array<std::string_view, 3> kHosts = {"agent", "log", "center"};
    for (auto& member : root.items) {
        if (std::ranges::find(kHosts, member.name) == kHosts.end()) continue;
        problems.add_unknown(member, "belongs to the host's own file (a central config has pipelines and clusters)");
        member.is_broken = true;
    }
}

// So that templates which name labels of the hosts can be checked where there are none.
void assume_labels(const Value& value, Labels& labels) {
    constexpr std::string_view kLabel = "{labels.";
    for (const auto& item : value.items) assume_labels(item, labels);
    for (auto at = value.text.find(kLabel); at != std::string::npos; at = value.text.find(kLabel, at + 1)) {
        const auto begin = at + kLabel.size();
        const auto end = value.text.find('}', begin);
        if (end == std::string::npos) return;
        const auto name = value.text.substr(begin, end - begin);
        if (!check_name(name)) labels.emplace(name, "label");
    }
}

bool has_reference(std::string_view text) {
    for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 1))
        if (at == 0 || text[at - 1] != '$') return true;
    return false;
}

// A secret in a path or a topic would be shown to everybody: only clusters may have some, and the key of a redaction.
void refuse_references(Value& value, Problems& problems) {
    for (auto& item : value.items)
        if (item.name != "clusters" && !item.key.ends_with("].hash_key") && item.key != "hash_key")
            refuse_references(item, problems);
    if (value.kind != Value::Kind::text || !has_reference(value.written)) return;
    problems.add(value, "may not be a reference (of a central config, only clusters and hash_key may have them)");
    value.is_broken = true;
}

void prepare(Document& document, const CentralScope& scope) {
    auto& [name, root, is_pipeline, problems] = document;
    if (scope.where == Where::host) {
        interpolate_from(scope.agent.secrets_dir, root, problems);
    } else {
        check_references(root, problems);
    }
    refuse_references(root, problems);
    is_pipeline = has_form_of_pipeline(root);
    if (is_pipeline) return check_pipeline_keys(root, problems);
    refuse_tables_of_the_host(root, problems);
    check_keys(root, problems);
}

// The pipelines of a document as the list that read_pipelines() takes.
Value pipelines_of(const Document& document) {
    Value wrapped;
    if (!document.is_pipeline) {
        if (const auto* list = usable(document.root, "pipelines")) wrapped.items = {*list};
        return wrapped;
    }
    Value list{.kind = Value::Kind::list, .name = "pipelines"};
    list.items = {document.root};
    wrapped.items = {std::move(list)};
    return wrapped;
}

void read_clusters_of(Document& document, const CentralScope& scope, std::map<std::string, std::string>& defined_in,
                      Config& config) {
    const auto clusters = std::ranges::find(document.root.items, "clusters", &Value::name);
    if (document.is_pipeline || clusters == document.root.items.end() || clusters->is_broken) return;
    check_properties(*clusters, document.problems);
    for (auto& [name, cluster] : read_clusters(document.root, scope.check, document.problems)) {
        const auto [other, is_first] = defined_in.try_emplace(name, document.name);
        if (!is_first)
            document.problems.add(*clusters->find(name),
                                  fmt::format("is defined in {} already", base::quote(other->second)));
        if (!scope.clusters.contains(name)) config.clusters.insert_or_assign(name, std::move(cluster));
    }
}

void check_pipeline_name(Document& document, const Value& pipeline, const CentralScope& scope,
                         std::map<std::string, std::string>& defined_in) {
    const auto* name = pipeline.find("name");
    if (!name || name->kind != Value::Kind::text) return;  // which read_pipelines() said
    if (name->is_broken) return;
    if (scope.pipelines.contains(name->text))
        document.problems.add(*name, fmt::format("{} is the name of a pipeline of the host's own file (choose another)",
                                                 base::quote(name->text)));
    const auto [other, is_first] = defined_in.try_emplace(name->text, document.name);
    if (!is_first && other->second != document.name)
        document.problems.add(*name, fmt::format("{} is the name of a pipeline in {} already (choose another)",
                                                 base::quote(name->text), base::quote(other->second)));
}

void read_pipelines_of(Document& document, const CentralScope& scope, std::map<std::string, std::string>& defined_in,
                       Config& config, CentralConfig& central) {
    const auto wrapped = pipelines_of(document);
    auto read = read_pipelines(wrapped, config, document.problems);
    if (scope.where == Where::host)
        for (auto& pipeline : read) {
            pipeline.source.within = scope.agent.allow_paths;
            if (pipeline.sink.type == SinkType::file) pipeline.sink.within = scope.agent.allow_sink_paths;
        }
    std::ranges::move(read, std::back_inserter(central.pipelines));
    if (wrapped.items.empty()) return;
    for (const auto& pipeline : wrapped.items.front().items) {
        if (pipeline.is_broken) continue;
        check_pipeline_name(document, pipeline, scope, defined_in);
        if (scope.where == Where::host) check_paths(pipeline, scope.agent, document.problems);
    }
}

}  // namespace

std::expected<CentralConfig, std::vector<FileProblem>> read_central(std::span<const CentralFile> files,
                                                                    const CentralScope& scope) {
    std::vector<FileProblem> found;
    std::vector<Document> documents;
    for (const auto& file : files) {
        if (file.body.size() > kFileBytesMax) {
            found.push_back({file.name, {.key = "file", .message = "is too large (at most 1 MiB)"}});
        } else if (auto root = read_document(file.body); root) {
            documents.push_back({.name = file.name, .root = std::move(*root), .is_pipeline = false, .problems = {}});
        } else {
            found.push_back({file.name, root.error()});
        }
    }
    Config config{.agent = scope.agent, .log = {}, .center = {}, .clusters = scope.clusters, .pipelines = {}};
    if (scope.where == Where::center) config.agent.memory_limit = std::numeric_limits<std::uint64_t>::max();
    std::map<std::string, std::string> clusters_in;
    std::map<std::string, std::string> pipelines_in;
    for (auto& document : documents) {
        prepare(document, scope);
        if (scope.where == Where::center) assume_labels(document.root, config.agent.labels);
        read_clusters_of(document, scope, clusters_in, config);
    }
    CentralConfig central;
    for (auto& document : documents) read_pipelines_of(document, scope, pipelines_in, config, central);
    for (auto& document : documents)
        for (auto& problem : document.problems.take()) found.push_back({document.name, std::move(problem)});
    if (!found.empty()) return std::unexpected(std::move(found));
    for (auto& [name, cluster] : config.clusters)
        if (clusters_in.contains(name) && !scope.clusters.contains(name)) central.clusters.emplace(name, cluster);
    return central;
}

}  // namespace config
