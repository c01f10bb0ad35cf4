#include "center/fleet/credentials.h"

#include <charconv>

#include <fmt/format.h>

#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace center::fleet {

namespace {

constexpr std::size_t kBlockBytes = 64;  // of SHA-256
constexpr std::size_t kTextBytesMax = 512;

// HMAC-SHA256.
std::string keyed_hash(std::string_view key, std::string_view message) {
    std::string inner(key.size() > kBlockBytes ? crypto::sha256(key) : std::string(key));
    inner.resize(kBlockBytes, '\0');
    auto outer = inner;
    for (auto& byte : inner) byte = static_cast<char>(byte ^ 0x36);
    for (auto& byte : outer) byte = static_cast<char>(byte ^ 0x5C);
    return crypto::sha256(outer + crypto::sha256(inner + std::string(message)));
}

}  // namespace

std::string issue(const Credential& credential, std::string_view secret) {
    const auto claims = fmt::format("{}:{}:{}", credential.uid_hex, credential.issued, credential.group);
    return fmt::format("{}{}.{}", kCredentialMark, crypto::to_hex(claims), crypto::to_hex(keyed_hash(secret, claims)));
}

std::optional<Credential> verify(std::string_view text, std::string_view secret) {
    if (!text.starts_with(kCredentialMark) || text.size() > kTextBytesMax || secret.empty()) return std::nullopt;
    text.remove_prefix(kCredentialMark.size());
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto claims = crypto::from_hex(text.substr(0, dot));
    const auto hash = crypto::from_hex(text.substr(dot + 1));
    if (!claims || !hash || !crypto::equal_in_constant_time(*hash, keyed_hash(secret, *claims))) return std::nullopt;
    const auto first = claims->find(':');
    const auto second = claims->find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) return std::nullopt;
    Credential credential{.uid_hex = claims->substr(0, first), .group = claims->substr(second + 1)};
    std::from_chars(claims->data() + first + 1, claims->data() + second, credential.issued);
    return credential;
}

}  // namespace center::fleet
