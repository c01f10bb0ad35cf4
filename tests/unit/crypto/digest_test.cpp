#include "common/crypto/digest.h"

#include <gtest/gtest.h>

#include "common/crypto/encoding.h"

namespace crypto {
namespace {

TEST(Digest, Sha256IsThatOfTheStandard) {  // FIPS 180-4's examples
    EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, RandomBytesAreAsManyAsAskedForAndNeverTheSame) {
    EXPECT_EQ(random_bytes(0), "");
    EXPECT_EQ(random_bytes(32).size(), 32U);
    EXPECT_NE(random_bytes(32), random_bytes(32));
}

TEST(Digest, SecretsAreComparedByLengthAndContent) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("token", "token"));
    EXPECT_FALSE(equal_in_constant_time("token", "tokeN"));
    EXPECT_FALSE(equal_in_constant_time("token", "toke"));
}

}  // namespace
}  // namespace crypto
