// Pipelines, clusters and groups.
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "center/api/api.h"
#include "center/api/bodies.h"
#include "center/api/views.h"
#include "center/catalog/plans.h"

namespace center::api {

namespace {

using model::DocumentKind;

net::HttpResponse missing(std::string_view kind, const std::string& name) {
    return error_response(404, fmt::format("there is no {} {}", kind, name));
}

const model::Document* find(const std::map<std::string, model::Document>& documents, const std::string& name) {
    const auto found = documents.find(name);
    return found == documents.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

net::HttpResponse body_response(const model::Revision& revision, const char* type) {
    return {.content_type = type,
            .body = *revision.body,
            .headers = {{"ETag", '"' + revision.hash + '"'}, {"X-Revision", std::to_string(revision.number)}}};
}

constexpr const char* kToml = "application/toml; charset=utf-8";

}  // namespace

void Api::list_pipelines(const Call& /*call*/, net::HttpRespond respond) {
    respond(json_response(documents_json(parts_.catalog.state().pipelines)));
}

void Api::get_pipeline(const Call& call, net::HttpRespond respond) {
    const auto* newest = parts_.catalog.state().newest(DocumentKind::pipeline, call.names[0]);
    respond(newest ? body_response(*newest, kToml) : missing("pipeline", call.names[0]));
}

void Api::put_pipeline(const Call& call, net::HttpRespond respond) {
    put_document(call, DocumentKind::pipeline, std::move(respond));
}

void Api::delete_pipeline(const Call& call, net::HttpRespond respond) {
    delete_document(call, DocumentKind::pipeline, std::move(respond));
}

void Api::put_document(const Call& call, DocumentKind kind, net::HttpRespond respond) {
    const auto& name = call.names[0];
    change([kind, name, actor = call.actor(), body = call.request.body](
               const catalog::State& state) { return catalog::put_document(state, actor, kind, name, body); },
           [this, kind, name] { return revision_json(name, *parts_.catalog.state().newest(kind, name)); },
           std::move(respond));
}

void Api::delete_document(const Call& call, DocumentKind kind, net::HttpRespond respond) {
    const auto& name = call.names[0];
    change([kind, name, actor = call.actor()](
               const catalog::State& state) { return catalog::delete_document(state, actor, kind, name); },
           [] { return std::string("{}"); }, std::move(respond));
}

void Api::list_revisions(const Call& call, net::HttpRespond respond) {
    const auto* document = find(parts_.catalog.state().pipelines, call.names[0]);
    respond(document ? json_response(revisions_json(*document)) : missing("pipeline", call.names[0]));
}

void Api::get_revision(const Call& call, net::HttpRespond respond) {
    const auto* document = find(parts_.catalog.state().pipelines, call.names[0]);
    const auto* revision = document ? document->find(number_of(call.names[1]).value_or(0)) : nullptr;
    respond(revision ? body_response(*revision, kToml)
                     : missing("revision", fmt::format("{} of pipeline {}", call.names[1], call.names[0])));
}

void Api::diff_revisions(const Call& call, net::HttpRespond respond) {
    const auto* document = find(parts_.catalog.state().pipelines, call.names[0]);
    if (!document || document->revisions.empty()) return respond(missing("pipeline", call.names[0]));
    const auto newest = document->revisions.size();
    const auto pick = [&](const char* key, std::uint64_t otherwise) {
        const auto given = call.query.find(key);
        return document->find(given == call.query.end() ? otherwise : number_of(given->second).value_or(0));
    };
    const auto* to = pick("to", newest);
    const auto* from = pick("from", to && to->number > 1 ? to->number - 1 : 1);
    if (!from || !to)
        return respond(error_response(
            400, "from and to must be revisions",
            {{.key = from ? "to" : "from", .message = fmt::format("is no revision (from 1 to {})", newest)}}));
    respond(json_response(diff_json(*document, *from, *to)));
}

void Api::list_clusters(const Call& /*call*/, net::HttpRespond respond) {
    respond(json_response(documents_json(parts_.catalog.state().clusters)));
}

void Api::get_cluster(const Call& call, net::HttpRespond respond) {
    const auto* newest = parts_.catalog.state().newest(DocumentKind::cluster, call.names[0]);
    respond(newest ? body_response(*newest, "application/json") : missing("cluster", call.names[0]));
}

void Api::put_cluster(const Call& call, net::HttpRespond respond) {
    put_document(call, DocumentKind::cluster, std::move(respond));
}

void Api::delete_cluster(const Call& call, net::HttpRespond respond) {
    delete_document(call, DocumentKind::cluster, std::move(respond));
}

void Api::list_cluster_revisions(const Call& call, net::HttpRespond respond) {
    const auto* document = find(parts_.catalog.state().clusters, call.names[0]);
    respond(document ? json_response(revisions_json(*document)) : missing("cluster", call.names[0]));
}

void Api::list_groups(const Call& /*call*/, net::HttpRespond respond) {
    respond(json_response(groups_json(parts_.catalog.state())));
}

void Api::get_group(const Call& call, net::HttpRespond respond) {
    const auto& state = parts_.catalog.state();
    const auto found = state.groups.find(call.names[0]);
    respond(found == state.groups.end() ? missing("group", call.names[0])
                                        : json_response(group_json(state, found->second)));
}

void Api::put_group(const Call& call, net::HttpRespond respond) {
    auto group = group_of(call.names[0], call.request.body);
    if (!group) return respond(error_response(group.error()));
    change([group = *group,
            actor = call.actor()](const catalog::State& state) { return catalog::put_group(state, actor, group); },
           [this, name = call.names[0]] {
               const auto& state = parts_.catalog.state();
               return group_json(state, state.groups.at(name));
           },
           std::move(respond));
}

void Api::delete_group(const Call& call, net::HttpRespond respond) {
    change([name = call.names[0],
            actor = call.actor()](const catalog::State& state) { return catalog::delete_group(state, actor, name); },
           [] { return std::string("{}"); }, std::move(respond));
}

}  // namespace center::api
