// Hashes, randomness, and comparing secrets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crypto {

std::string sha256(std::string_view bytes);                             // 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // RFC 2104; 32 bytes
std::string random_bytes(std::size_t count);  // from the system's generator, good enough for secrets

// Takes as long for a wrong first byte as for a wrong last one. The lengths are no secret.
bool equal_in_constant_time(std::string_view one, std::string_view other);

}  // namespace crypto
