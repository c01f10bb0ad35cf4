#include "agent/control/own_credential.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "agent/control/durable_file.h"
#include "common/base/text.h"
#include "common/crypto/encoding.h"

namespace agent::control {

namespace json = boost::json;

namespace {

constexpr std::size_t kFileBytesMax = 64ULL << 10;
constexpr std::size_t kHeadersMax = 16;
constexpr std::size_t kHeaderBytesMax = 4096;
constexpr std::string_view kKind = "center-credential-1";

std::string path_in(const std::string& data_dir) {
    return data_dir + "/center-credential";
}

bool is_name(std::string_view name) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::ranges::all_of(name, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kOthers.find(c) != std::string_view::npos;
    });
}

bool is_value(std::string_view value) {
    return std::ranges::all_of(
        value, [](char c) { return static_cast<unsigned char>(c) >= ' ' && static_cast<unsigned char>(c) < 0x7F; });
}

// Headers of the message itself are not the center's to set.
bool is_ours(std::string_view name) {
    constexpr std::string_view kContent = "content-";
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower.starts_with(kContent) || lower == "host" || lower == "transfer-encoding" || lower == "connection";
}

}  // namespace

base::Result<OwnCredential> accept_settings(const opamp::ConnectionSettings& offered) {
    if (!offered.destination_endpoint.empty())
        return base::fail("cannot move to {}: where the center is is set by the host's own file (center.endpoint)",
                          base::quote(offered.destination_endpoint));
    if (offered.headers.size() > kHeadersMax)
        return base::fail("cannot take {} headers (at most {})", offered.headers.size(), kHeadersMax);
    OwnCredential credential{
        .hash = offered.hash, .headers = {}, .heartbeat_interval_seconds = offered.heartbeat_interval_seconds};
    for (const auto& [key, value] : offered.headers) {
        if (!is_name(key) || !is_value(value) || value.size() > kHeaderBytesMax || is_ours(key))
            return base::fail("cannot take the header {}", base::quote(key));
        credential.headers[key] = value;
    }
    return credential;
}

base::Result<std::optional<OwnCredential>> load_credential(const std::string& data_dir) {
    const auto text = read_sealed(path_in(data_dir), kKind, kFileBytesMax);
    if (!text) return std::unexpected(text.error());
    if (!*text) return std::nullopt;
    try {
        const auto root = json::parse(**text);
        OwnCredential credential{
            .hash = crypto::from_hex(std::string_view(root.at("hash").as_string())).value(),
            .headers = {},
            .heartbeat_interval_seconds = root.at("heartbeat_interval_seconds").to_number<std::uint64_t>()};
        for (const auto& [name, value] : root.at("headers").as_object())
            credential.headers.emplace(name, std::string(value.as_string()));
        return credential;
    } catch (const std::exception&) {
        return base::fail("cannot use {}: it is of another version", path_in(data_dir));
    }
}

base::Result<void> store_credential(const std::string& data_dir, const OwnCredential& credential) {
    json::object headers;
    for (const auto& [name, value] : credential.headers) headers[name] = value;
    const json::object root{{"hash", crypto::to_hex(credential.hash)},
                            {"headers", std::move(headers)},
                            {"heartbeat_interval_seconds", credential.heartbeat_interval_seconds}};
    return write_sealed(path_in(data_dir), kKind, json::serialize(root));
}

}  // namespace agent::control
