#include "center/api/access.h"

#include <fmt/format.h>

#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace center::api {

namespace {

constexpr std::size_t kSecretBytes = 24;
constexpr std::size_t kMarkBytes = 4;
constexpr std::size_t kIdBytes = 16;  // as hex digits
constexpr std::size_t kSecretTextBytesMax = 256;

std::string_view mark_of(model::TokenKind kind) {
    return kind == model::TokenKind::of_operator ? "vop_" : "vet_";
}

}  // namespace

std::string_view bearer_of(const net::HttpHeaders& headers) {
    constexpr std::string_view kBearer = "Bearer ";
    const auto value = net::find_header(headers, "authorization");
    return value.starts_with(kBearer) ? value.substr(kBearer.size()) : std::string_view{};
}

std::string make_secret(model::TokenKind kind, const std::string& id) {
    return fmt::format("{}{}_{}", mark_of(kind), id, crypto::to_hex(crypto::random_bytes(kSecretBytes)));
}

const model::Token* find_token(const catalog::State& state, model::TokenKind kind, std::string_view secret,
                               model::TimeMs now) {
    if (!secret.starts_with(mark_of(kind)) || secret.size() > kSecretTextBytesMax) return nullptr;
    const auto found = state.tokens.find(std::string(secret.substr(kMarkBytes, kIdBytes)));
    if (found == state.tokens.end() || found->second.kind != kind || found->second.is_expired(now)) return nullptr;
    const auto hash = crypto::to_hex(crypto::sha256(secret));
    return crypto::equal_in_constant_time(hash, found->second.secret_hash) ? &found->second : nullptr;
}

std::expected<Operator, std::string> operator_of(const catalog::State& state, std::string_view admin_token,
                                                 std::string_view secret, model::TimeMs now) {
    if (secret.empty()) return std::unexpected("a token is missing (send Authorization: Bearer TOKEN)");
    if (crypto::equal_in_constant_time(crypto::sha256(secret), crypto::sha256(admin_token)))
        return Operator{.name = "admin", .role = model::Role::admin};
    if (const auto* token = find_token(state, model::TokenKind::of_operator, secret, now))
        return Operator{.name = token->name, .role = token->role};
    return std::unexpected("the token is not known, or has expired");
}

}  // namespace center::api
