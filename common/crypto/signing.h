// Ed25519 signatures.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"

typedef struct evp_pkey_st EVP_PKEY;  // NOLINT(modernize-use-using): as OpenSSL declares it

namespace crypto {

// Thread: any; immutable.
class SigningKey {
 public:
    // A PEM file as `openssl genpkey -algorithm ed25519` writes it. Errors: no PEM, encrypted, or of another kind.
    static base::Result<SigningKey> from_pem(std::string_view pem);
    static SigningKey generate();

    std::string sign(std::string_view message) const;  // 64 bytes
    std::string public_key() const;                    // base64 of the 32 raw bytes, as VerifyKey::parse takes it

 private:
    explicit SigningKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
    std::shared_ptr<EVP_PKEY> key_;
};

// Thread: any; immutable.
class VerifyKey {
 public:
    // The public key as PEM, or as the base64 of its 32 raw bytes.
    static base::Result<VerifyKey> parse(std::string_view text);

    bool verify(std::string_view message, std::string_view signature) const;

 private:
    explicit VerifyKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
    std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace crypto
