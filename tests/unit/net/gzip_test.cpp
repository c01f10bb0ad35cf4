#include "common/net/gzip.h"

#include <gmock/gmock.h>

namespace net {
namespace {

std::string noise(std::size_t size) {
    std::string bytes;
    unsigned state = 1;
    while (bytes.size() < size) {
        state = state * 1'664'525U + 1'013'904'223U;
        bytes += static_cast<char>(state >> 24U);
    }
    return bytes;
}

TEST(Gzip, WhatWasPackedComesBack) {
    for (const std::size_t size : {0U, 1U, 100U, 65'536U, 300'000U}) {
        const auto bytes = noise(size);
        EXPECT_EQ(gunzip(gzip(bytes), size), bytes) << size;
    }
}

TEST(Gzip, ABombStopsAtTheBound) {
    const auto bomb = gzip(std::string(100ULL << 20, '\0'));
    ASSERT_LT(bomb.size(), 200'000U);
    const auto refused = gunzip(bomb, 1ULL << 20);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "cannot inflate: more than 1048576 bytes");
}

TEST(Gzip, TheBoundItselfIsAllowed) {
    EXPECT_TRUE(gunzip(gzip(std::string(1000, 'x')), 1000));
    EXPECT_FALSE(gunzip(gzip(std::string(1001, 'x')), 1000));
}

TEST(Gzip, CutOffAnywhereItIsRefused) {
    const auto packed = gzip(noise(1000));
    for (std::size_t size = 0; size < packed.size(); ++size)
        EXPECT_FALSE(gunzip(packed.substr(0, size), 10'000)) << size;
}

TEST(Gzip, DamagedOrFollowedBySomethingItIsRefused) {
    const auto packed = gzip(noise(200));
    EXPECT_FALSE(gunzip(packed + "x", 10'000));
    EXPECT_FALSE(gunzip("plain text", 10'000));
    for (std::size_t at = 10; at < packed.size(); ++at) {  // the header has bytes that mean nothing
        auto damaged = packed;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        const auto read = gunzip(damaged, 10'000);
        EXPECT_TRUE(!read || *read == noise(200)) << at;  // some bits pad, and mean nothing
    }
}

}  // namespace
}  // namespace net
