#include "common/opamp/signed_config.h"

#include <map>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "common/base/text.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace opamp {

namespace json = boost::json;

namespace {

constexpr std::size_t kManifestBytesMax = 1ULL << 20;

struct Manifest {
    ManifestTerms terms;
    std::map<std::string, std::string> files;  // name → hash
};

bool is_of_manifest(std::string_view name) {
    return name == kManifestFile || name == kSignatureFile;
}

std::map<std::string, std::string> hashes_of(const ConfigFiles& files) {
    std::map<std::string, std::string> hashes;
    for (const auto& [name, file] : files)
        if (!is_of_manifest(name)) hashes.emplace(name, crypto::to_hex(crypto::sha256(file.body)));
    return hashes;
}

void append_sized(std::string& out, std::string_view text) {
    constexpr int kBitsOfByte = 8;
    for (int shift = 64 - kBitsOfByte; shift >= 0; shift -= kBitsOfByte)
        out += static_cast<char>((static_cast<std::uint64_t>(text.size()) >> static_cast<unsigned>(shift)) & 0xFFU);
    out += text;
}

base::Result<Manifest> read_manifest(const ConfigFiles& files) {
    const auto found = files.find(std::string(kManifestFile));
    if (found == files.end()) return base::fail("cannot trust the config: it has no manifest");
    if (found->second.body.size() > kManifestBytesMax)
        return base::fail("cannot read the config's manifest: {} bytes (at most {})", found->second.body.size(),
                          kManifestBytesMax);
    try {
        const auto root = json::parse(found->second.body);
        Manifest manifest;
        manifest.terms.revision = root.at("revision").to_number<std::uint64_t>();
        manifest.terms.expires =
            std::chrono::sys_seconds(std::chrono::seconds(root.at("expires").to_number<std::int64_t>()));
        for (const auto& [name, hash] : root.at("files").as_object())
            manifest.files.emplace(std::string(name), std::string(hash.as_string()));
        return manifest;
    } catch (const std::exception&) {  // no JSON, or of another shape: Boost.JSON says either that way
        return base::fail("cannot read the config's manifest: it is no JSON with revision, expires and files");
    }
}

// The first file for which the two differ.
std::optional<std::string> difference(const std::map<std::string, std::string>& wanted,
                                      const std::map<std::string, std::string>& seen) {
    for (const auto& [name, hash] : wanted) {
        const auto found = seen.find(name);
        if (found == seen.end()) return fmt::format("{} is in the manifest, but not in the config", base::quote(name));
        if (found->second != hash) return fmt::format("{} is not what the manifest says", base::quote(name));
    }
    for (const auto& [name, hash] : seen)
        if (!wanted.contains(name)) return fmt::format("{} is not in the manifest", base::quote(name));
    return std::nullopt;
}

}  // namespace

std::string config_hash(const ConfigFiles& files) {
    std::string all;
    for (const auto& [name, file] : files) {
        if (is_of_manifest(name)) continue;
        append_sized(all, name);
        append_sized(all, file.body);
    }
    return crypto::sha256(all);
}

void add_manifest(ConfigFiles& files, const ManifestTerms& terms, const crypto::SigningKey* key) {
    json::object hashes;
    for (const auto& [name, hash] : hashes_of(files)) hashes[name] = hash;
    auto text = json::serialize(json::object{{"revision", terms.revision},
                                             {"expires", terms.expires.time_since_epoch().count()},
                                             {"files", std::move(hashes)}});
    files.erase(std::string(kSignatureFile));
    if (key)
        files[std::string(kSignatureFile)] = {.body = crypto::to_base64(key->sign(text)), .content_type = "text/plain"};
    files[std::string(kManifestFile)] = {.body = std::move(text), .content_type = "application/json"};
}

base::Result<ManifestTerms> verify_manifest(const ConfigFiles& files, const crypto::VerifyKey& key,
                                            std::chrono::system_clock::time_point now) {
    const auto manifest = files.find(std::string(kManifestFile));
    const auto signature = files.find(std::string(kSignatureFile));
    if (manifest == files.end() || signature == files.end())
        return base::fail("cannot trust the config: it is not signed (center.verify_key is set)");
    const auto bytes = crypto::from_base64(signature->second.body);
    if (!bytes || !key.verify(manifest->second.body, *bytes))
        return base::fail("cannot trust the config: its signature is not that of center.verify_key");
    auto signed_terms = read_manifest(files);
    if (!signed_terms) return std::unexpected(signed_terms.error());
    if (const auto other = difference(signed_terms->files, hashes_of(files)))
        return base::fail("cannot trust the config: {}", *other);
    if (signed_terms->terms.expires <= now)
        return base::fail("cannot take the config: its signature expired {} s ago",
                          std::chrono::duration_cast<std::chrono::seconds>(now - signed_terms->terms.expires).count());
    return signed_terms->terms;
}

std::optional<std::uint64_t> claimed_revision(const ConfigFiles& files) {
    const auto manifest = read_manifest(files);
    if (!manifest) return std::nullopt;
    return manifest->terms.revision;
}

}  // namespace opamp
