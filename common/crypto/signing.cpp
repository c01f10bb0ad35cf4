#include "common/crypto/signing.h"

#include <cstddef>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/base/assert.h"
#include "common/crypto/encoding.h"

namespace crypto {

namespace {

constexpr std::size_t kPublicKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::shared_ptr<EVP_PKEY> own(EVP_PKEY* key) {
    return {key, ::EVP_PKEY_free};
}

std::shared_ptr<EVP_MD_CTX> context() {
    std::shared_ptr<EVP_MD_CTX> made(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free);
    AGENT_ASSERT(made);
    return made;
}

// An encrypted key asks nobody for its password: it is an error.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

template <typename Read>
std::shared_ptr<EVP_PKEY> read_pem(std::string_view pem, Read read) {
    const std::unique_ptr<BIO, decltype(&::BIO_free)> text(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                           ::BIO_free);
    AGENT_ASSERT(text);
    auto* key = read(text.get(), nullptr, no_password, nullptr);
    ::ERR_clear_error();  // what went wrong is said by the caller; OpenSSL's queue is the thread's, not this call's
    if (!key) return nullptr;
    return own(key);
}

}  // namespace

base::Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
    auto key = read_pem(pem, ::PEM_read_bio_PrivateKey);
    if (!key) return base::fail("cannot read the signing key: it is no PEM of an unencrypted private key");
    if (::EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519)
        return base::fail("cannot use the signing key: it is not Ed25519 (openssl genpkey -algorithm ed25519)");
    return SigningKey(std::move(key));
}

SigningKey SigningKey::generate() {
    auto key = own(::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    AGENT_ASSERT(key);
    return SigningKey(std::move(key));
}

std::string SigningKey::sign(std::string_view message) const {
    const auto signing = context();
    std::string signature(kSignatureBytes, '\0');
    std::size_t size = signature.size();
    const bool done = ::EVP_DigestSignInit(signing.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                      ::EVP_DigestSign(signing.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                       bytes_of(message), message.size()) == 1;
    AGENT_ASSERT(done && size == kSignatureBytes);
    return signature;
}

std::string SigningKey::public_key() const {
    std::string raw(kPublicKeyBytes, '\0');
    std::size_t size = raw.size();
    const int done = ::EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
    AGENT_ASSERT(done == 1 && size == kPublicKeyBytes);
    return to_base64(raw);
}

base::Result<VerifyKey> VerifyKey::parse(std::string_view text) {
    if (text.find("-----BEGIN") != std::string_view::npos) {
        auto key = read_pem(text, ::PEM_read_bio_PUBKEY);
        if (!key) return base::fail("cannot read the verify key: it is no PEM of a public key");
        if (::EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519)
            return base::fail("cannot use the verify key: it is not Ed25519");
        return VerifyKey(std::move(key));
    }
    const auto raw = from_base64(text);
    if (!raw || raw->size() != kPublicKeyBytes)
        return base::fail("cannot read the verify key: it is neither a PEM nor the base64 of 32 bytes");
    auto key = own(::EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*raw), raw->size()));
    ::ERR_clear_error();
    if (!key) return base::fail("cannot use the verify key: it is no point of Ed25519");
    return VerifyKey(std::move(key));
}

bool VerifyKey::verify(std::string_view message, std::string_view signature) const {
    const auto verifying = context();
    const bool is_good = ::EVP_DigestVerifyInit(verifying.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                         ::EVP_DigestVerify(verifying.get(), bytes_of(signature), signature.size(), bytes_of(message),
                                            message.size()) == 1;
    ::ERR_clear_error();
    return is_good;
}

}  // namespace crypto
