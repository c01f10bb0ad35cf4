#include "center/catalog/codec.h"

#include <stdexcept>

#include "center/catalog/json.h"

namespace center::catalog {

namespace json = boost::json;

model::Selector selector_of(const json::object& object, std::string_view name) {
    auto selector = model::Selector::parse(text_of(object, name));
    if (!selector) throw std::invalid_argument("selector " + selector.error().message);
    return std::move(*selector);
}

namespace {

json::object revisions_json(const std::map<std::string, std::uint64_t>& revisions) {
    json::object object;
    for (const auto& [name, revision] : revisions) object[name] = revision;
    return object;
}

std::map<std::string, std::uint64_t> revisions_of(const json::object& object, std::string_view name) {
    std::map<std::string, std::uint64_t> revisions;
    for (const auto& [key, value] : object.at(name).as_object())
        revisions.emplace(key, value.to_number<std::uint64_t>());
    return revisions;
}

}  // namespace

json::object to_json(const model::Assignment& assignment) {
    return {{"selector", assignment.selector.text()},
            {"pipelines", revisions_json(assignment.pipelines)},
            {"clusters", revisions_json(assignment.clusters)}};
}

model::Assignment assignment_of(const json::value& value) {
    const auto& object = value.as_object();
    return {.selector = selector_of(object, "selector"),
            .pipelines = revisions_of(object, "pipelines"),
            .clusters = revisions_of(object, "clusters")};
}

std::string encode(const model::Group& group) {
    return json::serialize(json::object{{"name", group.name},
                                        {"selector", group.selector.text()},
                                        {"pipelines", json::array(group.pipelines.begin(), group.pipelines.end())}});
}

base::Result<model::Group> decode_group(std::string_view bytes) {
    return decode_with<model::Group>(bytes, [](const json::object& object) {
        model::Group group{.name = text_of(object, "name"), .selector = selector_of(object, "selector")};
        for (const auto& name : object.at("pipelines").as_array()) group.pipelines.emplace_back(name.as_string());
        return group;
    });
}

std::string encode(const model::Placement& placement) {
    json::object object{{"layers", json::array(placement.layers.begin(), placement.layers.end())}};
    if (placement.base) object["base"] = to_json(*placement.base);
    return json::serialize(object);
}

base::Result<model::Placement> decode_placement(std::string_view bytes) {
    return decode_with<model::Placement>(bytes, [](const json::object& object) {
        model::Placement placement;
        if (const auto* base = object.if_contains("base")) placement.base = assignment_of(*base);
        for (const auto& layer : object.at("layers").as_array())
            placement.layers.push_back(layer.to_number<std::uint64_t>());
        return placement;
    });
}

std::string encode(const model::Token& token) {
    json::object object{{"id", token.id},
                        {"kind", model::word_of(token.kind)},
                        {"role", model::word_of(token.role)},
                        {"name", token.name},
                        {"group", token.group},
                        {"expires", token.expires},
                        {"secret_hash", token.secret_hash},
                        {"created_at", token.created_at},
                        {"created_by", token.created_by}};
    if (token.uses_left) object["uses_left"] = *token.uses_left;
    return json::serialize(object);
}

base::Result<model::Token> decode_token(std::string_view bytes) {
    return decode_with<model::Token>(bytes, [](const json::object& object) {
        const auto kind = model::token_kind_of(text_of(object, "kind"));
        const auto role = model::role_of(text_of(object, "role"));
        if (!kind || !role) throw std::invalid_argument("unknown kind or role of a token");
        model::Token token{.id = text_of(object, "id"),
                           .kind = *kind,
                           .role = *role,
                           .name = text_of(object, "name"),
                           .group = text_of(object, "group"),
                           .expires = time_of(object, "expires"),
                           .secret_hash = text_of(object, "secret_hash"),
                           .created_at = time_of(object, "created_at"),
                           .created_by = text_of(object, "created_by")};
        if (const auto* uses = object.if_contains("uses_left")) token.uses_left = uses->to_number<std::uint64_t>();
        return token;
    });
}

std::string encode(const model::AuditEntry& entry) {
    return json::serialize(json::object{{"number", entry.number},
                                        {"at", entry.at},
                                        {"who", entry.who},
                                        {"action", entry.action},
                                        {"target", entry.target},
                                        {"detail", entry.detail}});
}

base::Result<model::AuditEntry> decode_audit_entry(std::string_view bytes) {
    return decode_with<model::AuditEntry>(bytes, [](const json::object& object) {
        return model::AuditEntry{.number = count_of(object, "number"),
                                 .at = time_of(object, "at"),
                                 .who = text_of(object, "who"),
                                 .action = text_of(object, "action"),
                                 .target = text_of(object, "target"),
                                 .detail = text_of(object, "detail")};
    });
}

std::string encode_revision(const model::Revision& revision) {
    return json::serialize(json::object{{"hash", revision.hash}, {"at", revision.at}, {"by", revision.by}});
}

base::Result<model::Revision> decode_revision(std::string_view bytes) {
    return decode_with<model::Revision>(bytes, [](const json::object& object) {
        return model::Revision{
            .hash = text_of(object, "hash"), .at = time_of(object, "at"), .by = text_of(object, "by")};
    });
}

std::string encode_document(bool is_deleted) {
    return json::serialize(json::object{{"deleted", is_deleted}});
}

base::Result<bool> decode_document(std::string_view bytes) {
    return decode_with<bool>(bytes, [](const json::object& object) { return object.at("deleted").as_bool(); });
}

std::string encode_time(model::TimeMs at) {
    return json::serialize(json::object{{"at", at}});
}

base::Result<model::TimeMs> decode_time(std::string_view bytes) {
    return decode_with<model::TimeMs>(bytes, [](const json::object& object) { return time_of(object, "at"); });
}

}  // namespace center::catalog
