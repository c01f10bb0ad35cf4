#include "center/fleet/credentials.h"

#include <charconv>

#include <fmt/format.h>

#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace center::fleet {

namespace {

constexpr std::size_t kTextBytesMax = 512;

}  // namespace

std::string issue(const Credential& credential, std::string_view secret) {
    const auto claims = fmt::format("{}:{}:{}", credential.uid_hex, credential.issued, credential.group);
    return fmt::format("{}{}.{}", kCredentialMark, crypto::to_hex(claims),
                       crypto::to_hex(crypto::hmac_sha256(secret, claims)));
}

std::optional<Credential> verify(std::string_view text, std::string_view secret) {
    if (!text.starts_with(kCredentialMark) || text.size() > kTextBytesMax || secret.empty()) return std::nullopt;
    text.remove_prefix(kCredentialMark.size());
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto claims = crypto::from_hex(text.substr(0, dot));
    const auto hash = crypto::from_hex(text.substr(dot + 1));
    if (!claims || !hash || !crypto::equal_in_constant_time(*hash, crypto::hmac_sha256(secret, *claims)))
        return std::nullopt;
    const auto first = claims->find(':');
    const auto second = claims->find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) return std::nullopt;
    Credential credential{.uid_hex = claims->substr(0, first), .group = claims->substr(second + 1)};
    std::from_chars(claims->data() + first + 1, claims->data() + second, credential.issued);
    return credential;
}

}  // namespace center::fleet
