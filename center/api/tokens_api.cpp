// Tokens and the audit log.
#include <algorithm>
#include <charconv>
#include <utility>

#include "center/api/api.h"
#include "center/api/bodies.h"
#include "center/api/views.h"
#include "center/catalog/plans.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace center::api {

namespace {

constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kAuditDefault = 200;
constexpr std::size_t kAuditMax = 10'000;

std::uint64_t number_of(const std::map<std::string, std::string>& query, const char* key, std::uint64_t otherwise) {
    const auto found = query.find(key);
    if (found != query.end())
        std::from_chars(found->second.data(), found->second.data() + found->second.size(), otherwise);
    return otherwise;
}

}  // namespace

void Api::list_tokens(const Call& /*call*/, net::HttpRespond respond) {
    std::vector<std::string> items;
    for (const auto& [id, token] : parts_.catalog.state().tokens) items.push_back(token_json(token));
    respond(json_response(list_json(items)));
}

void Api::create_token(const Call& call, net::HttpRespond respond) {
    auto token = token_of(call.request.body, unix_now());
    if (!token) return respond(error_response(token.error()));
    token->id = crypto::to_hex(crypto::random_bytes(kIdBytes));
    if (token->name.empty() && token->kind == model::TokenKind::of_operator) token->name = "operator-" + token->id;
    token->created_by = call.who.name;
    const auto secret = make_secret(token->kind, token->id);
    token->secret_hash = crypto::to_hex(crypto::sha256(secret));
    change([token = *token,
            actor = call.actor()](const catalog::State& state) { return catalog::create_token(state, actor, token); },
           [token = *token, secret] { return token_json(token, secret); }, std::move(respond), 201);
}

void Api::delete_token(const Call& call, net::HttpRespond respond) {
    change([id = call.names[0],
            actor = call.actor()](const catalog::State& state) { return catalog::delete_token(state, actor, id); },
           [] { return std::string("{}"); }, std::move(respond));
}

// ?limit=N ?before=NUMBER: the newest first
void Api::get_audit(const Call& call, net::HttpRespond respond) {
    const auto limit = std::min<std::uint64_t>(number_of(call.query, "limit", kAuditDefault), kAuditMax);
    parts_.catalog.read_audit(
        number_of(call.query, "before", 0), limit, [respond = std::move(respond)](auto entries) mutable {
            respond(entries ? json_response(audit_json(*entries)) : error_response(503, entries.error().message));
        });
}

}  // namespace center::api
