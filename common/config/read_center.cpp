// [center].
#include <array>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/base/url.h"
#include "common/config/fields.h"
#include "common/config/sections.h"
#include "common/crypto/signing.h"

namespace config {

namespace {

constexpr std::chrono::milliseconds kHeartbeatIntervalMin{100};
constexpr std::chrono::milliseconds kHeartbeatIntervalMax = std::chrono::hours(24);
constexpr std::chrono::milliseconds kProbationMax = std::chrono::hours(24);
constexpr std::size_t kEndpointsMax = 16;
constexpr std::size_t kTokenBytesMax = 4096;

Complaint check_endpoint(std::string_view endpoint) {
    const auto url = base::parse_url(endpoint);
    if (!url) return url.error().message;
    return std::nullopt;
}

// A header must hold it.
Complaint check_token(std::string_view token) {
    if (token.size() > kTokenBytesMax)
        return fmt::format("is {} bytes long (at most {})", token.size(), kTokenBytesMax);
    const auto is_odd = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7F;
    };
    if (std::ranges::any_of(token, is_odd))
        return "has white space or control characters in it (write the token alone)";
    return std::nullopt;
}

Complaint check_optional_path(std::string_view path) {
    if (path.empty()) return std::nullopt;
    return check_absolute_path(path);
}

Complaint check_verify_key(std::string_view key) {
    if (key.empty()) return std::nullopt;
    const auto parsed = crypto::VerifyKey::parse(key);
    if (!parsed) return parsed.error().message + " (write the base64 of an Ed25519 public key, or its PEM)";
    return std::nullopt;
}

void read_endpoints(const Value& center, CenterConfig& config, Problems& problems) {
    const auto* value = usable(center, "endpoint");
    if (value && value->kind == Value::Kind::text) {
        config.endpoints = {value->text};
    } else {
        take(center, "endpoint", config.endpoints);
    }
    if (!is_given(center, "endpoint"))
        problems.add_missing(center, "endpoint", "is missing (write endpoint = \"https://center:4320/v1/opamp\")");
    if (value && config.endpoints.size() > kEndpointsMax)
        problems.add(*value, fmt::format("has {} addresses (at most {})", config.endpoints.size(), kEndpointsMax));
    if (is_given(center, "endpoint")) hold(center, "endpoint", check_endpoint, problems);
}

// One without the other is of no use.
void check_certificate(const Value& center, Problems& problems) {
    for (const auto& [one, other] : {std::array{"cert_file", "key_file"}, std::array{"key_file", "cert_file"}})
        if (is_given(center, one) && !is_given(center, other))
            problems.add(*center.find(one), fmt::format("needs {} beside it", other));
}

}  // namespace

std::optional<CenterConfig> read_center(const Value& root, Problems& problems) {
    const auto* center = usable(root, "center");
    if (!center) return std::nullopt;
    CenterConfig config;
    read_endpoints(*center, config, problems);
    take(*center, "token", config.token);
    take(*center, "heartbeat_interval", config.heartbeat_interval);
    take(*center, "ca_file", config.ca_file);
    take(*center, "cert_file", config.cert_file);
    take(*center, "key_file", config.key_file);
    take(*center, "verify_key", config.verify_key);
    take(*center, "probation", config.probation);
    hold(*center, "token", check_token, problems);
    hold(*center, "ca_file", check_optional_path, problems);
    hold(*center, "cert_file", check_optional_path, problems);
    hold(*center, "key_file", check_optional_path, problems);
    hold(*center, "verify_key", check_verify_key, problems);
    check_certificate(*center, problems);
    if (config.heartbeat_interval < kHeartbeatIntervalMin || config.heartbeat_interval > kHeartbeatIntervalMax)
        problems.add(*center->find("heartbeat_interval"),
                     fmt::format("{} is out of bounds (from 100ms to 24h)",
                                 base::quote(center->find("heartbeat_interval")->written)));
    if (config.probation > kProbationMax)
        problems.add(*center->find("probation"),
                     fmt::format("{} is too long (at most 24h)", base::quote(center->find("probation")->written)));
    return config;
}

}  // namespace config
