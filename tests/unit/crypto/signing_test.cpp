#include "common/crypto/signing.h"

#include <gtest/gtest.h>

#include "common/crypto/encoding.h"

namespace crypto {
namespace {

// RFC 8032, section 7.1, TEST 2: its secret key as `openssl pkey` writes it.
constexpr auto* kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";
constexpr auto* kPublicHex = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr auto* kSignatureHex =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

TEST(Signing, KeySignatureAndMessageAreThoseOfTheStandard) {
    const auto key = SigningKey::from_pem(kPem);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->public_key(), to_base64(*from_hex(kPublicHex)));
    EXPECT_EQ(to_hex(key->sign("\x72")), kSignatureHex);
    EXPECT_TRUE(VerifyKey::parse(key->public_key())->verify("\x72", *from_hex(kSignatureHex)));
}

TEST(Signing, AnyOtherMessageKeyOrSignatureIsRefused) {
    const auto key = SigningKey::generate();
    const auto verify = VerifyKey::parse(key.public_key());
    ASSERT_TRUE(verify);
    const auto signature = key.sign("message");
    EXPECT_TRUE(verify->verify("message", signature));
    EXPECT_FALSE(verify->verify("messagE", signature));
    EXPECT_FALSE(VerifyKey::parse(SigningKey::generate().public_key())->verify("message", signature));
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        auto damaged = signature;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(verify->verify("message", damaged)) << bit;
    }
    for (std::size_t size = 0; size < signature.size(); ++size)
        EXPECT_FALSE(verify->verify("message", signature.substr(0, size))) << size;
}

TEST(Signing, AVerifyKeyMayBePem) {
    const auto key = VerifyKey::parse(
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
        "-----END PUBLIC KEY-----\n");
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_TRUE(key->verify("\x72", *from_hex(kSignatureHex)));
}

TEST(Signing, WhatIsNoKeyIsRefusedWithAReason) {
    EXPECT_FALSE(SigningKey::from_pem(""));
    EXPECT_FALSE(SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
    for (const auto* wrong : {"", "short", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"})
        EXPECT_FALSE(VerifyKey::parse(wrong)) << wrong;
}

TEST(Signing, AKeyOfAnotherKindIsRefused) {
    const auto refused = VerifyKey::parse(
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
        "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
        "-----END PUBLIC KEY-----\n");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "cannot use the verify key: it is not Ed25519");
}

}  // namespace
}  // namespace crypto
