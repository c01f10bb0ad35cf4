// The durable format of a checkpoint.
//
// Key:    "c" | pipeline name | 0x00 | device, inode, generation (8 bytes each, big-endian) | generation kind (1 byte)
// Value:  version (1 byte, kCodecVersion) | watermark | seen | head length | head hash | anchor length | anchor hash |
//         updated, Unix ms | missing, Unix ms | unowned, Unix ms | origin path | path | checksum
//         Numbers are little-endian: offsets, hashes and times 8 bytes, lengths 4. A path is a length and its bytes.
//         The checksum is the low 4 bytes of XXH3 over everything before it. Version 1 had neither `seen` nor
//         `missing` nor `unowned`, and is read.
// Marker: "p" | pipeline name, value: version (1 byte): the pipeline has looked for files before, so that `start_at` no
//         longer applies to a file that it meets for the first time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/model/checkpoint.h"
#include "common/base/result.h"

namespace agent::checkpoint {

constexpr std::uint8_t kCodecVersion = 2;

std::string encode_key(std::string_view pipeline, const model::FileIdentity& file);
std::string key_prefix(std::string_view pipeline);  // of all checkpoints of a pipeline
std::string marker_key(std::string_view pipeline);
std::string encode_value(const model::Checkpoint& checkpoint);

struct DecodedKey {
    std::string pipeline;
    model::FileIdentity file;
};
base::Result<DecodedKey> decode_key(std::string_view key);

// Errors: too short or long, another version, a wrong checksum.
base::Result<model::Checkpoint> decode_value(const model::FileIdentity& file, std::string_view value);

}  // namespace agent::checkpoint
