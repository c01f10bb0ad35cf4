#include "agent/checkpoint/checkpoint_codec.h"

#include <bit>
#include <concepts>
#include <cstring>

#include <xxhash.h>

namespace agent::checkpoint {

namespace {

constexpr char kCheckpointTag = 'c';
constexpr char kMarkerTag = 'p';
constexpr std::size_t kIdentityBytes = 8 + 8 + 8 + 1;

static_assert(std::endian::native == std::endian::little, "numbers are written as they are in memory");

template <std::unsigned_integral T>
void put(std::string& out, T number) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &number, sizeof(T));
    out.append(bytes, sizeof(T));
}

void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint32_t>(text.size()));
    out.append(text);
}

void put_big_endian(std::string& out, std::uint64_t number) {
    put(out, __builtin_bswap64(number));
}

// Takes from the front; once something was missing, everything is.
class Input {
 public:
    explicit Input(std::string_view bytes) : bytes_(bytes) {}

    template <std::unsigned_integral T>
    T number() {
        T value = 0;
        const auto bytes = take(sizeof(T));
        if (complete_) std::memcpy(&value, bytes.data(), bytes.size());
        return value;
    }
    std::string text() { return std::string(take(number<std::uint32_t>())); }
    bool ended_well() const { return complete_ && bytes_.empty(); }

 private:
    std::string_view take(std::size_t size) {
        if (!complete_ || size > bytes_.size()) {
            complete_ = false;
            return {};
        }
        const auto taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }

    std::string_view bytes_;
    bool complete_ = true;
};

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

}  // namespace

std::string key_prefix(std::string_view pipeline) {
    std::string key(1, kCheckpointTag);
    key.append(pipeline);
    key += '\0';
    return key;
}

std::string marker_key(std::string_view pipeline) {
    return kMarkerTag + std::string(pipeline);
}

std::string encode_key(std::string_view pipeline, const model::FileIdentity& file) {
    auto key = key_prefix(pipeline);
    put_big_endian(key, file.device);
    put_big_endian(key, file.inode);
    put_big_endian(key, file.generation);
    put(key, static_cast<std::uint8_t>(file.generation_kind));
    return key;
}

base::Result<DecodedKey> decode_key(std::string_view key) {
    const auto end_of_name = key.find('\0');
    if (key.empty() || key[0] != kCheckpointTag || end_of_name == std::string_view::npos ||
        key.size() != end_of_name + 1 + kIdentityBytes)
        return base::fail("cannot read a checkpoint's key of {} bytes", key.size());
    Input input(key.substr(end_of_name + 1));
    DecodedKey decoded{.pipeline = std::string(key.substr(1, end_of_name - 1)), .file = {}};
    decoded.file.device = __builtin_bswap64(input.number<std::uint64_t>());
    decoded.file.inode = __builtin_bswap64(input.number<std::uint64_t>());
    decoded.file.generation = __builtin_bswap64(input.number<std::uint64_t>());
    const auto kind = input.number<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(model::GenerationKind::birth_time))
        return base::fail("cannot read a checkpoint's key: unknown kind of generation {}", kind);
    decoded.file.generation_kind = static_cast<model::GenerationKind>(kind);
    return decoded;
}

std::string encode_value(const model::Checkpoint& checkpoint) {
    std::string value;
    put(value, kCodecVersion);
    put(value, checkpoint.watermark.value);
    put(value, checkpoint.seen.value);
    put(value, checkpoint.head.length);
    put(value, checkpoint.head.hash);
    put(value, checkpoint.anchor.length);
    put(value, checkpoint.anchor.hash);
    put(value, checkpoint.updated_ms);
    put(value, checkpoint.missing_ms);
    put(value, checkpoint.unowned_ms);
    put_text(value, checkpoint.origin_path);
    put_text(value, checkpoint.path);
    put(value, checksum(value));
    return value;
}

base::Result<model::Checkpoint> decode_value(const model::FileIdentity& file, std::string_view value) {
    if (value.size() < 1 + sizeof(std::uint32_t))
        return base::fail("cannot read a checkpoint of {} bytes", value.size());
    const auto version = static_cast<std::uint8_t>(value[0]);
    if (version == 0 || version > kCodecVersion)
        return base::fail("cannot read a checkpoint of version {}: this is version {}", version, kCodecVersion);
    const auto body = value.substr(0, value.size() - sizeof(std::uint32_t));
    if (Input(value.substr(body.size())).number<std::uint32_t>() != checksum(body))
        return base::fail("cannot read a checkpoint of {} bytes: its checksum is wrong", value.size());

    Input input(body);
    (void)input.number<std::uint8_t>();
    model::Checkpoint checkpoint{.file = file};
    checkpoint.watermark.value = input.number<std::uint64_t>();
    checkpoint.seen.value = version >= 2 ? input.number<std::uint64_t>() : checkpoint.watermark.value;
    checkpoint.head.length = input.number<std::uint32_t>();
    checkpoint.head.hash = input.number<std::uint64_t>();
    checkpoint.anchor.length = input.number<std::uint32_t>();
    checkpoint.anchor.hash = input.number<std::uint64_t>();
    checkpoint.updated_ms = input.number<std::uint64_t>();
    checkpoint.missing_ms = version >= 2 ? input.number<std::uint64_t>() : 0;
    checkpoint.unowned_ms = version >= 2 ? input.number<std::uint64_t>() : 0;
    checkpoint.origin_path = input.text();
    checkpoint.path = input.text();
    if (!input.ended_well())
        return base::fail("cannot read a checkpoint of {} bytes: its parts do not fit", value.size());
    return checkpoint;
}

}  // namespace agent::checkpoint
