#include "common/crypto/digest.h"

#include <limits>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "common/base/assert.h"

namespace crypto {

std::string sha256(std::string_view bytes) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
             reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    AGENT_ASSERT(key.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    std::string code(SHA256_DIGEST_LENGTH, '\0');
    const auto* made = ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
                              reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                              reinterpret_cast<unsigned char*>(code.data()), nullptr);
    AGENT_ASSERT(made != nullptr);
    return code;
}

std::string random_bytes(std::size_t count) {
    AGENT_ASSERT(count <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    std::string bytes(count, '\0');
    const int drawn = ::RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count));
    AGENT_ASSERT(drawn == 1);  // without randomness there are no secrets to be made
    return bytes;
}

bool equal_in_constant_time(std::string_view one, std::string_view other) {
    return one.size() == other.size() && ::CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace crypto
