// Records of any bytes: they follow one another, lie inside the extent and none is longer than the limit.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/split/splitter.h"
#include "common/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const agent::model::LineLimit limit{.bytes_max = 1U + data[0] % 64U,
                                        .policy = static_cast<config::LongLine>(data[1] % 3)};
    std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    bytes += '\n';  // the reader stops at a line ending
    agent::model::Extent extent;
    extent.begin = {1000};
    extent.end = extent.begin + bytes.size();
    extent.bytes = bytes;
    (void)agent::split::split_lines(extent, limit);
    auto at = extent.begin;
    for (const auto& record : extent.records) {
        AGENT_ASSERT(record.size <= limit.bytes_max);
        AGENT_ASSERT(record.begin >= at && record.begin <= record.end && record.end <= extent.end);
        AGENT_ASSERT(record.data >= bytes.data() && record.data + record.size <= bytes.data() + bytes.size());
        AGENT_ASSERT(std::ranges::count(record.line(), '\n') == 0);
        at = record.end;
    }
    AGENT_ASSERT(extent.end == agent::model::FileOffset{1000} + bytes.size());
    return 0;
}
