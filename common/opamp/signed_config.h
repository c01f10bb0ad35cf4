// The manifest of an offered config: which files belong to it, of which revision they are, until when they may be
// taken, and who says so.
//
// It travels as two more files of the config: `manifest.json` is
//
//   {"revision": 1763760000123, "expires": 1763846400, "files": {"pipelines/nginx.toml": "<SHA-256, hexadecimal>", …}}
//
// with every other file of the config and none besides; `manifest.sig` is the base64 of an Ed25519 signature over
// exactly the bytes of manifest.json.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/crypto/signing.h"
#include "common/opamp/messages.h"

namespace opamp {

constexpr std::string_view kManifestFile = "manifest.json";
constexpr std::string_view kSignatureFile = "manifest.sig";

// What an AgentRemoteConfig of ours has as its config_hash: SHA-256 over names and bodies of the files, sorted, each
// with its length before it. The manifest does not count, so that signing anew changes nothing.
std::string config_hash(const ConfigFiles& files);

struct ManifestTerms {
    std::uint64_t revision = 0;
    std::chrono::sys_seconds expires;

    friend bool operator==(const ManifestTerms&, const ManifestTerms&) = default;
};

// Adds the manifest of what `files` has, and with a key its signature; an earlier manifest is replaced.
void add_manifest(ConfigFiles& files, const ManifestTerms& terms, const crypto::SigningKey* key);

// The terms under which `files` were signed. Errors: no manifest or signature, a signature of another key, a manifest
// that cannot be read or names other files or hashes, one that has expired.
base::Result<ManifestTerms> verify_manifest(const ConfigFiles& files, const crypto::VerifyKey& key,
                                            std::chrono::system_clock::time_point now);

// The revision that a manifest claims, signed or not; for show.
std::optional<std::uint64_t> claimed_revision(const ConfigFiles& files);

}  // namespace opamp
