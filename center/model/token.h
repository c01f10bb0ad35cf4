// Who may do what: operators' tokens and the tokens with which agents enrol. Secrets are never kept, only their hashes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "center/model/time.h"

namespace center::model {

enum class TokenKind : std::uint8_t { of_agents, of_operator };
enum class Role : std::uint8_t { viewer, editor, admin };  // each may do what the ones before it may

std::string_view word_of(TokenKind kind);
std::string_view word_of(Role role);
std::optional<TokenKind> token_kind_of(std::string_view word);
std::optional<Role> role_of(std::string_view word);

struct Token {
    std::string id;  // 16 hex digits; part of the secret, so that it is found without searching
    TokenKind kind = TokenKind::of_agents;
    Role role = Role::viewer;                // of an operator
    std::string name;                        // of an operator: what the audit log calls him
    std::string group;                       // of agents that enrol with it; "": their labels decide
    std::optional<std::uint64_t> uses_left;  // none: as many as there come
    TimeMs expires = 0;                      // 0: never
    std::string secret_hash;                 // SHA-256, in hex
    TimeMs created_at = 0;
    std::string created_by;

    bool is_expired(TimeMs now) const { return expires != 0 && now >= expires; }

    friend bool operator==(const Token&, const Token&) = default;
};

}  // namespace center::model
