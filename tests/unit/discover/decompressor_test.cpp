#include "agent/discover/decompressor.h"

#include <filesystem>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/unit/support/compress.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::discover {
namespace {

using testing::HasSubstr;

struct Format {
    Compression compression;
    std::string (*pack)(std::string_view);
};

class DecompressorTest : public testing::TestWithParam<Format> {
 protected:
    std::string pack(std::string_view bytes) const { return GetParam().pack(bytes); }

    // All bytes of a file with these contents, read `size` at a time, or the complaint.
    std::string unpack(std::string_view packed, std::size_t size = 1000) const {
        std::filesystem::remove(folder_.at("packed"));  // faster than cutting it to nothing, which is made durable
        test::rewrite(folder_.at("packed"), packed);
        const auto packed_bytes = Decompressor::create(open_it(), GetParam().compression);
        std::string bytes;
        std::string piece(size, '\0');
        while (true) {
            const auto read = packed_bytes->read(piece);
            if (!read) return "error: " + read.error().message;
            bytes += piece.substr(0, *read);
            if (*read < size) return bytes;
        }
    }

    base::SharedFd open_it() const {
        return std::make_shared<const base::UniqueFd>(::open(folder_.at("packed").c_str(), O_RDONLY | O_CLOEXEC));
    }

    test::TempFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Formats, DecompressorTest,
                         testing::Values(Format{Compression::gzip, test::gz}, Format{Compression::zstd, test::zst}),
                         [](const auto& format) {
                             return format.param.compression == Compression::gzip ? "gz" : "zst";
                         });

TEST_P(DecompressorTest, GivesTheBytesInPiecesOfAnySize) {
    const std::string bytes = "one\ntwo\n" + std::string(5000, 'x') + "\n";
    for (const std::size_t size : {1UL, 7UL, 1000UL, 5009UL, 100'000UL}) EXPECT_EQ(unpack(pack(bytes), size), bytes);
    EXPECT_EQ(unpack(pack("")), "");
}

TEST_P(DecompressorTest, ReadsWhatCompressesToAlmostNothing) {
    const std::string bytes(8 << 20, '\n');
    EXPECT_TRUE(unpack(pack(bytes), 64 << 10) == bytes);
}

TEST_P(DecompressorTest, ReadsMembersAsOneStreamEmptyOnesIncluded) {
    const auto packed = pack("one\n") + pack("") + pack("two\n") + pack("");
    for (const std::size_t size : {1UL, 4UL, 100UL}) EXPECT_EQ(unpack(packed, size), "one\ntwo\n");
}

TEST_P(DecompressorTest, StaysAtTheEnd) {
    test::rewrite(folder_.at("packed"), pack("one\n"));
    const auto packed = Decompressor::create(open_it(), GetParam().compression);
    std::string piece(4, '\0');
    EXPECT_EQ(packed->read(piece), 4U);
    EXPECT_EQ(packed->read(piece), 0U);
    EXPECT_EQ(packed->read(piece), 0U);
}

TEST_P(DecompressorTest, SaysThatAFileIsCutOffWhereverItIs) {
    const auto packed = pack("one\ntwo\nthree\n");
    for (std::size_t size = 0; size < packed.size(); ++size)
        EXPECT_EQ(unpack(packed.substr(0, size)), "error: it is cut off: it ends at byte " + std::to_string(size));
}

TEST_P(DecompressorTest, NeverGivesOtherBytesForADamagedFile) {
    const std::string bytes = "one\ntwo\nthree\nthree\nthree\n";
    const auto packed = pack(bytes);
    for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
        auto damaged = packed;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        EXPECT_THAT(unpack(damaged), testing::AnyOf(bytes, testing::StartsWith("error: it is"))) << bit;
    }
}

TEST_P(DecompressorTest, SaysThatWhatFollowsIsDamage) {
    EXPECT_THAT(unpack(pack("one\n") + "garbage"), HasSubstr("it is damaged at byte"));
    EXPECT_THAT(unpack("not compressed at all\n"), HasSubstr("it is damaged at byte 0"));
}

TEST_P(DecompressorTest, SaysWhyItCannotRead) {
    auto folder =
        std::make_shared<const base::UniqueFd>(::open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::string piece(10, '\0');
    const auto read = Decompressor::create(std::move(folder), GetParam().compression)->read(piece);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "cannot read it at byte 0: Is a directory (EISDIR)");
}

TEST(Compression, IsToldByTheEndingOfTheName) {
    EXPECT_EQ(compression_of("app.log.1.gz"), Compression::gzip);
    EXPECT_EQ(compression_of("app.log.zst"), Compression::zstd);
    for (const auto* name : {"app.log", "app.gz.log", "gz", "app.log.GZ", "app.log.1.bz2"})
        EXPECT_FALSE(compression_of(name)) << name;
}

}  // namespace
}  // namespace agent::discover
