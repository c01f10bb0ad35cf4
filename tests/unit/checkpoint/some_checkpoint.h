#pragma once

#include <cstdint>
#include <string>

#include "agent/model/checkpoint.h"

namespace agent::checkpoint {

// A checkpoint that differs from others in every field.
inline model::Checkpoint some_checkpoint(std::uint64_t number, std::uint64_t watermark) {
    return {.file = {.device = 0xfd00,
                     .inode = number,
                     .generation = number * 7919,
                     .generation_kind = model::GenerationKind::handle},
            .watermark = {watermark},
            .seen = {watermark + number},
            .head = {.length = 1024, .hash = number + 1},
            .anchor = {.length = 17, .hash = watermark + 2},
            .origin_path = "/var/log/app-" + std::to_string(number) + ".log",
            .path = "/var/log/app-" + std::to_string(number) + ".log.1",
            .updated_ms = 1'795'245'721'123 + number,
            .missing_ms = 1'795'245'821'123 + number,
            .unowned_ms = 1'795'245'921'123 + number};
}

}  // namespace agent::checkpoint
