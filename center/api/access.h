// Who is asking: operators by their tokens, agents by theirs.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "center/catalog/state.h"
#include "center/model/token.h"
#include "common/net/http_server.h"

namespace center::api {

struct Operator {
    std::string name;
    model::Role role = model::Role::viewer;
};

// "Bearer x" → "x"; "": no such header.
std::string_view bearer_of(const net::HttpHeaders& headers);

// Secrets are "vop_ID_SECRET" and "vet_ID_SECRET"; the id is part of them, and the hash is over the whole.
std::string make_secret(model::TokenKind kind, const std::string& id);

// The token whose secret this is, of that kind, and not expired; none: there is none.
const model::Token* find_token(const catalog::State& state, model::TokenKind kind, std::string_view secret,
                               model::TimeMs now);

// By the config's admin token, or by an operator's. Errors: why not.
std::expected<Operator, std::string> operator_of(const catalog::State& state, std::string_view admin_token,
                                                 std::string_view secret, model::TimeMs now);

}  // namespace center::api
