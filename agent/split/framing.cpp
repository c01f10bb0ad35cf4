#include "agent/split/framing.h"

#include <algorithm>
#include <utility>

#include "agent/model/text_encoding.h"

namespace agent::split {

namespace {

using model::LineLimit;

// Docker makes pieces of 16 KiB, of which each byte may become six ("\u0001").
constexpr std::uint64_t kContainerLineBytesMin = 256 << 10;
constexpr std::uint64_t kUtf8LineEndingBytesMax = 2;  // "\r\n"
// A record's lines are in the file with times, tags and escaped quotes, and between those of another stream.
constexpr std::uint64_t kContainerReachMin = 64 << 10;
constexpr std::chrono::milliseconds kPieceTimeout{5'000};  // a line waits so long for its next piece

LineLimit line_limit_of(const config::FileSourceConfig& config, std::uint64_t line_bytes_max) {
    if (config.type == config::SourceType::container)
        return {.bytes_max = std::max(config.max_line_bytes, kContainerLineBytesMin), .policy = config.long_line};
    const bool may_be_utf16 =
        config.encoding == config::TextEncoding::by_bom || model::newline_of(config.encoding) != model::Newline::byte;
    return {.bytes_max = line_bytes_max - (may_be_utf16 ? line_bytes_max % 2 : 0), .policy = config.long_line};
}

// What of `record_bytes_max` a line may have in its file.
std::uint64_t line_bytes_max_of(const config::FileSourceConfig& config, std::uint64_t record_bytes_max) {
    const bool grows =
        config.encoding != config::TextEncoding::utf8 || config.invalid_bytes == config::InvalidBytes::replace;
    return std::min(config.max_line_bytes, record_bytes_max / (grows ? utf8_growth_max(config.encoding) : 1));
}

LineFaults make_lines(model::Extent& extent, const Framing& framing, std::size_t lines_max, Streams streams) {
    extent.records.clear();
    extent.arena.clear();
    auto faults = split_lines(extent, framing.line_limit, lines_max);
    if (framing.decoder) faults.undecodable = framing.decoder->decode(extent);
    if (framing.container) faults.undecodable = framing.container->decode(extent, streams);
    return faults;
}

void count(model::Extent& extent) {
    extent.split_count = extent.record_count = extent.unfinished = static_cast<std::uint32_t>(extent.records.size());
}

// Where its file ends, for what goes beyond it.
void end_in_own_bytes(model::Extent& extent) {
    const auto end = extent.own_end();
    extent.end = std::min(extent.end, end);
    for (auto& record : extent.records) {
        record.begin = std::min(record.begin, end);
        record.end = std::min(record.end, end);
    }
}

// Of what ends at `end`, and no more: so that what is counted is that of these lines, too.
LineFaults frame_until(model::Extent& extent, const Framing& framing, model::FileOffset end, Streams streams) {
    extent.records.clear();
    (void)split_lines(extent, framing.line_limit);
    const auto lines = std::ranges::count_if(extent.records, [&](const auto& line) { return line.end <= end; });
    const auto faults = make_lines(extent, framing, static_cast<std::size_t>(lines), streams);
    if (framing.joiner) framing.joiner->join(extent, kNothingFollows, streams);
    count(extent);
    return faults;
}

}  // namespace

base::Result<Framing> Framing::make(const config::FileSourceConfig& config, std::uint64_t record_bytes_max) {
    const auto line_bytes_max = line_bytes_max_of(config, record_bytes_max);
    Framing framing{.line_limit = line_limit_of(config, line_bytes_max), .encoding = config.encoding};
    if (config.encoding != config::TextEncoding::utf8 || config.invalid_bytes == config::InvalidBytes::replace) {
        auto decoder = LineDecoder::make(config);
        if (!decoder) return std::unexpected(decoder.error());
        framing.decoder = std::move(*decoder);
    }
    RecordLimit limit{.bytes_max = line_bytes_max};
    std::optional<process::Multiline> multiline;
    if (config.multiline) {
        auto made = process::Multiline::make(*config.multiline);
        if (!made) return base::fail("cannot join lines: {}: {}", made.error()[0].key, made.error()[0].message);
        multiline = *std::move(made);
        limit.lines_max = config.multiline->lines_max;
        limit.bytes_max = std::min(config.multiline->record_bytes_max, record_bytes_max);
        framing.timeout = config.multiline->timeout;
    }
    limit.reach_bytes_max = limit.bytes_max + kUtf8LineEndingBytesMax;
    if (framing.decoder) limit.reach_bytes_max *= 2;  // UTF-16 may have two bytes for one
    if (config.type == config::SourceType::container) {
        if (!config.multiline) framing.timeout = kPieceTimeout;
        limit.reach_bytes_max = (limit.bytes_max * 2) + kContainerReachMin;
        limit.pause_max = framing.timeout;
        framing.container.emplace(ContainerLimit{
            .line_bytes_max = line_bytes_max, .reach_bytes_max = limit.reach_bytes_max, .pause_max = limit.pause_max});
        framing.reach_bytes_max = limit.reach_bytes_max;
    }
    if (multiline || framing.container) framing.joiner.emplace(std::move(multiline), limit);
    return framing;
}

LineFaults frame(model::Extent& extent, const Framing& framing, model::FileOffset seen, std::size_t records_max,
                 Streams streams) {
    const auto end = extent.end;
    auto faults = make_lines(extent, framing, framing.joiner ? kAllRecords : records_max, streams);
    if (!framing.joiner) return faults;
    framing.joiner->join(extent, seen, streams);
    if (extent.borrowed.bytes > 0) {
        end_in_own_bytes(extent);
        count(extent);
        return faults;
    }
    if (extent.records.size() > records_max)
        return frame_until(extent, framing, extent.records[records_max - 1].end, streams);
    if (extent.end != end && extent.end != extent.begin && faults.skipped + faults.undecodable > 0)
        return frame_until(extent, framing, extent.end, streams);
    count(extent);
    return faults;
}

void frame_again(model::Extent& extent, const Framing& framing, Streams streams) {
    if (extent.borrowed.bytes == 0) {
        (void)frame_until(extent, framing, extent.end, streams);
    } else {
        (void)frame(extent, framing, kNothingFollows, kAllRecords, streams);
    }
}

}  // namespace agent::split
