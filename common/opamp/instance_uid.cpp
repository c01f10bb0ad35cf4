#include "common/opamp/instance_uid.h"

#include <chrono>
#include <cstddef>

#include <fmt/format.h>

#include "common/base/assert.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"
#include "common/opamp/messages.h"

namespace opamp {

namespace {

constexpr std::size_t kRandomBytes = 10;

}  // namespace

std::string make_instance_uid(std::uint64_t unix_ms, std::string_view random) {
    AGENT_ASSERT(random.size() == kRandomBytes);
    constexpr unsigned kVersion = 0x70;
    constexpr unsigned kVariant = 0x80;
    std::string uid;
    for (int shift = 40; shift >= 0; shift -= 8)
        uid += static_cast<char>((unix_ms >> static_cast<unsigned>(shift)) & 0xFFU);
    uid += random;
    const auto set_high = [&](std::size_t at, unsigned high, unsigned mask) {
        uid[at] = static_cast<char>((static_cast<unsigned char>(uid[at]) & mask) | high);
    };
    set_high(6, kVersion, 0x0FU);
    set_high(8, kVariant, 0x3FU);
    return uid;
}

std::string new_instance_uid() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    return make_instance_uid(static_cast<std::uint64_t>(unix_ms), crypto::random_bytes(kRandomBytes));
}

std::string instance_uid_text(std::string_view uid) {
    auto digits = crypto::to_hex(uid);
    if (uid.size() != kInstanceUidBytes) return digits;
    const std::string_view d = digits;
    return fmt::format("{}-{}-{}-{}-{}", d.substr(0, 8), d.substr(8, 4), d.substr(12, 4), d.substr(16, 4),
                       d.substr(20));
}

base::Result<std::string> parse_instance_uid(std::string_view text) {
    std::string digits;
    for (const char c : text)
        if (c != '-') digits += c;
    auto uid = crypto::from_hex(digits);
    if (!uid || uid->size() != kInstanceUidBytes || instance_uid_text(*uid) != text)
        return base::fail("{} characters that are no UUID", text.size());
    return uid;
}

}  // namespace opamp
