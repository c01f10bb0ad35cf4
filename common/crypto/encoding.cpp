#include "common/crypto/encoding.h"

#include <cstddef>

#include <openssl/evp.h>

namespace crypto {

namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0x0FU];
    }
    return text;
}

base::Result<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return base::fail("cannot read hexadecimal: {} digits", text.size());
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit_of(text[i]);
        const int low = digit_of(text[i + 1]);
        if (high < 0 || low < 0)
            return base::fail("cannot read hexadecimal: byte {} is no digit", high < 0 ? i : i + 1);
        bytes += static_cast<char>((high * 16) + low);
    }
    return bytes;
}

std::string to_base64(std::string_view bytes) {
    std::string text(((bytes.size() + 2) / 3 * 4) + 1, '\0');  // OpenSSL ends it with a zero
    const int size =
        ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                          reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

base::Result<std::string> from_base64(std::string_view text) {
    if (text.empty()) return std::string();
    if (text.size() % 4 != 0) return base::fail("cannot read base64: {} characters (a multiple of 4)", text.size());
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    const auto odd = text.find_first_not_of(kAlphabet);  // OpenSSL would let white space pass
    if (odd < text.size() - padding) return base::fail("cannot read base64: character {} is not of it", odd);
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size =
        ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                          reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) return base::fail("cannot read base64: it is damaged");
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

}  // namespace crypto
