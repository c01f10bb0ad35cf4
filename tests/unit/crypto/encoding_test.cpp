#include "common/crypto/encoding.h"

#include <gtest/gtest.h>

namespace crypto {
namespace {

std::string all_bytes(std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(255 - i);
    return bytes;
}

TEST(Encoding, EveryByteAndLengthComesBack) {
    for (std::size_t count = 0; count <= 256; ++count) {
        const auto bytes = all_bytes(count);
        EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
        EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    }
}

TEST(Encoding, HexIsReadInEitherCaseAndRefusedOtherwise) {
    EXPECT_EQ(from_hex("00fFaB"), std::string("\0\xFF\xAB", 3));
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
    EXPECT_FALSE(from_hex(" 0"));
}

TEST(Encoding, Base64IsThatOfTheStandardAndAnythingElseIsRefused) {  // RFC 4648's examples
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
    EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
    for (const auto* wrong : {"Z", "Zm9", "Zm9vYg=", "=m9v", "Zm=v", "====", "Zm9v Zm9v", "Zm9v\n", " Zm9", "Zm9v===="})
        EXPECT_FALSE(from_base64(wrong)) << wrong;
}

}  // namespace
}  // namespace crypto
