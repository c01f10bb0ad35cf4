#include "agent/split/framing.h"

#include <algorithm>
#include <utility>

namespace agent::split {

namespace {

// The lines of the first so many records, and no more: so that what long lines lose is that of these lines, too.
LongLines frame_first(model::Extent& extent, const Framing& framing, std::size_t records_max) {
    const auto end = extent.records[records_max - 1].end;
    extent.records.clear();
    (void)split_lines(extent, framing.line_limit);
    const auto lines = std::ranges::count_if(extent.records, [&](const auto& line) { return line.end <= end; });
    extent.records.clear();
    const auto long_lines = split_lines(extent, framing.line_limit, static_cast<std::size_t>(lines));
    framing.joiner->join(extent, kNothingFollows);
    return long_lines;
}

}  // namespace

base::Result<Framing> Framing::make(const config::FileSourceConfig& config, std::uint64_t record_bytes_max) {
    Framing framing{
        .line_limit = {.bytes_max = std::min(config.max_line_bytes, record_bytes_max), .policy = config.long_line}};
    if (!config.multiline) return framing;
    auto multiline = process::Multiline::make(*config.multiline);
    if (!multiline)
        return base::fail("cannot join lines: {}: {}", multiline.error()[0].key, multiline.error()[0].message);
    framing.joiner.emplace(*std::move(multiline),
                           RecordLimit{.lines_max = config.multiline->lines_max,
                                       .bytes_max = std::min(config.multiline->record_bytes_max, record_bytes_max)});
    framing.timeout = config.multiline->timeout;
    return framing;
}

LongLines frame(model::Extent& extent, const Framing& framing, model::FileOffset seen, std::size_t records_max) {
    extent.records.clear();
    auto long_lines = split_lines(extent, framing.line_limit, framing.joiner ? kAllRecords : records_max);
    if (!framing.joiner) return long_lines;
    framing.joiner->join(extent, seen);
    if (extent.records.size() > records_max) long_lines = frame_first(extent, framing, records_max);
    extent.split_count = extent.record_count = extent.unfinished = static_cast<std::uint32_t>(extent.records.size());
    return long_lines;
}

}  // namespace agent::split
