#include "agent/model/file_identity.h"

#include <unordered_set>

#include <gtest/gtest.h>

namespace agent::model {
namespace {

TEST(FileIdentity, TextIsDeviceInodeAndGenerationInHexadecimal) {
    EXPECT_EQ((FileIdentity{.device = 0xfd00, .inode = 0x1a2b, .generation = 0x9f}.text()), "fd00-1a2b-9f");
    EXPECT_EQ(FileIdentity{}.text(), "0-0-0");
    EXPECT_EQ((FileIdentity{.device = ~0ULL, .inode = ~0ULL, .generation = ~0ULL}.text()),
              "ffffffffffffffff-ffffffffffffffff-ffffffffffffffff");
}

TEST(FileIdentity, EveryPartOfItTellsFilesApart) {
    const FileIdentity file{.device = 1, .inode = 2, .generation = 3, .generation_kind = GenerationKind::handle};
    auto other = file;
    EXPECT_EQ(file, other);
    for (auto* part : {&other.device, &other.inode, &other.generation}) {
        ++*part;
        EXPECT_NE(file, other);
        --*part;
    }
    other.generation_kind = GenerationKind::birth_time;
    EXPECT_NE(file, other) << "generations of two kinds are never equal";
}

TEST(FileIdentity, IsAKeyOfHashedContainers) {
    std::unordered_set<FileIdentity> files;
    for (std::uint64_t device = 0; device < 4; ++device)
        for (std::uint64_t inode = 0; inode < 100; ++inode) files.insert({.device = device, .inode = inode});
    EXPECT_EQ(files.size(), 400U);
    EXPECT_TRUE(files.contains({.device = 3, .inode = 99}));
}

}  // namespace
}  // namespace agent::model
