#include "agent/checkpoint/checkpoint_codec.h"

#include <gmock/gmock.h>

#include "tests/unit/checkpoint/some_checkpoint.h"

namespace agent::checkpoint {
namespace {

using model::Checkpoint;
using testing::HasSubstr;
using testing::StartsWith;

const Checkpoint kCheckpoint = some_checkpoint(42, 123'456'789);

std::string with_flipped_bit(std::string bytes, std::size_t bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    return bytes;
}

TEST(CheckpointCodec, GivesBackWhatWasWritten) {
    const auto key = decode_key(encode_key("nginx", kCheckpoint.file));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->pipeline, "nginx");
    EXPECT_EQ(key->file, kCheckpoint.file);
    EXPECT_EQ(decode_value(kCheckpoint.file, encode_value(kCheckpoint)), kCheckpoint);

    const Checkpoint least;
    EXPECT_EQ(decode_value({}, encode_value(least)), least);
}

TEST(CheckpointCodec, PathsAreBytes) {
    auto odd = kCheckpoint;
    odd.path = std::string("/var/log/\0\xFF\n", 12);
    odd.origin_path = std::string(100'000, 'p');
    EXPECT_EQ(decode_value(odd.file, encode_value(odd)), odd);
}

TEST(CheckpointCodec, EveryTruncationOfAValueIsAnError) {
    const auto value = encode_value(kCheckpoint);
    for (std::size_t size = 0; size < value.size(); ++size)
        ASSERT_FALSE(decode_value(kCheckpoint.file, value.substr(0, size))) << size;
    EXPECT_FALSE(decode_value(kCheckpoint.file, value + '\0'));
}

TEST(CheckpointCodec, EveryFlippedBitOfAValueIsAnError) {
    const auto value = encode_value(kCheckpoint);
    for (std::size_t bit = 0; bit < value.size() * 8; ++bit)
        ASSERT_FALSE(decode_value(kCheckpoint.file, with_flipped_bit(value, bit))) << bit;
}

TEST(CheckpointCodec, AValueOfAnotherVersionSaysSo) {
    auto value = encode_value(kCheckpoint);
    value[0] = 9;
    const auto decoded = decode_value(kCheckpoint.file, value);
    ASSERT_FALSE(decoded);
    EXPECT_THAT(decoded.error().message, HasSubstr("version 9"));
}

TEST(CheckpointCodec, TheFirstVersionIsRead) {
    constexpr unsigned char kFirst[] = {1, 8, 0, 0, 0, 0, 0, 0,  0,   8, 0, 0, 0, 1,  0,  0,   0,   0,   0,
                                        0, 0, 8, 0, 0, 0, 2, 0,  0,   0, 0, 0, 0, 0,  3,  0,   0,   0,   0,
                                        0, 0, 0, 2, 0, 0, 0, 47, 111, 2, 0, 0, 0, 47, 97, 136, 244, 189, 182};
    const auto decoded = decode_value({}, {reinterpret_cast<const char*>(kFirst), sizeof(kFirst)});
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->watermark.value, 8U);
    EXPECT_EQ(decoded->seen.value, 8U);
    EXPECT_EQ(decoded->missing_ms, 0U);
    EXPECT_EQ(decoded->path, "/a");
}

TEST(CheckpointCodec, EveryTruncationOfAKeyIsAnError) {
    const auto key = encode_key("nginx", kCheckpoint.file);
    for (std::size_t size = 0; size < key.size(); ++size) ASSERT_FALSE(decode_key(key.substr(0, size))) << size;
    EXPECT_FALSE(decode_key(key + 'x'));
}

TEST(CheckpointCodec, AFlippedBitOfAKeyIsAnErrorOrAnotherKey) {
    const auto key = encode_key("nginx", kCheckpoint.file);
    for (std::size_t bit = 0; bit < key.size() * 8; ++bit) {
        const auto decoded = decode_key(with_flipped_bit(key, bit));
        ASSERT_TRUE(!decoded || decoded->pipeline != "nginx" || decoded->file != kCheckpoint.file) << bit;
    }
}

TEST(CheckpointCodec, KeysOfAPipelineAreTogetherAndNoOtherIsAmongThem) {
    EXPECT_THAT(encode_key("nginx", kCheckpoint.file), StartsWith(key_prefix("nginx")));
    EXPECT_THAT(encode_key("nginx-2", kCheckpoint.file), testing::Not(StartsWith(key_prefix("nginx"))));
    EXPECT_THAT(marker_key("nginx"), testing::Not(StartsWith("c")));
    EXPECT_LT(encode_key("nginx", {.inode = 255}), encode_key("nginx", {.inode = 256}))
        << "in the order of the numbers";
}

}  // namespace
}  // namespace agent::checkpoint
