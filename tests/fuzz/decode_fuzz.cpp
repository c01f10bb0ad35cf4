// Any bytes in any encoding, or as a container's log: records are valid where they say so, lie in memory that is
// theirs, and wherever a read ends the same ones come together. The first byte chooses.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/model/text_encoding.h"
#include "agent/split/framing.h"
#include "common/base/assert.h"
#include "common/base/text.h"

namespace {

using agent::model::Extent;
using agent::model::FileOffset;
using agent::split::Framing;
using config::TextEncoding;

constexpr std::array kEncodings = {TextEncoding::gbk,     TextEncoding::gb18030, TextEncoding::utf16le,
                                   TextEncoding::utf16be, TextEncoding::latin1,  TextEncoding::by_bom};

config::FileSourceConfig source_of(std::uint8_t choice) {
    config::FileSourceConfig source;
    const auto kind = choice % (kEncodings.size() + 2);
    if (kind < kEncodings.size())
        source.encoding = kEncodings[kind];
    else if (kind == kEncodings.size())
        source.invalid_bytes = config::InvalidBytes::replace;
    else
        source.type = config::SourceType::container;
    if (choice >= 128) source.multiline.emplace().goes_on = R"(^\s)";
    return source;
}

Extent extent_of(const std::string& bytes, std::size_t begin, TextEncoding encoding) {
    Extent extent;
    extent.begin = FileOffset{begin};
    extent.end = FileOffset{bytes.size()};
    extent.bytes = std::string_view(bytes).substr(begin);
    extent.encoding = encoding;
    return extent;
}

std::vector<std::string> texts(const Extent& extent) {
    std::vector<std::string> all;
    for (const auto& record : extent.records) all.emplace_back(record.line());
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto source = source_of(data[0]);
    const auto framing = *Framing::make(source);
    std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    auto encoding = source.encoding;
    if (encoding == TextEncoding::by_bom)
        encoding = agent::model::encoding_by_bom(bytes + "\n").value_or(TextEncoding::utf8);
    const auto newline = agent::model::newline_of(encoding);
    bytes.resize(agent::model::last_line_end(bytes, {}, newline));  // the reader stops there
    auto whole = extent_of(bytes, 0, encoding);
    const auto faults = agent::split::frame(whole, framing, agent::split::kNothingFollows);
    AGENT_ASSERT(whole.end.value == bytes.size());
    const bool keeps = source.type == config::SourceType::container || encoding == TextEncoding::utf8;
    for (const auto& text : texts(whole))
        if (!keeps) AGENT_ASSERT(base::valid_utf8(text) == text);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < whole.records.size(); ++i) sum += agent::model::bytes_of(whole, i);
    AGENT_ASSERT(sum == bytes.size());

    // What is complete by the time that half of it is there, and what is behind that.
    const auto half = agent::model::last_line_end(std::string_view(bytes).substr(0, bytes.size() / 2), {}, newline);
    if (half == 0) return 0;
    const auto earlier = bytes.substr(0, half);
    auto first = extent_of(earlier, 0, encoding);
    const auto faults_before = agent::split::frame(first, framing, FileOffset{bytes.size() / 2});
    auto rest = extent_of(bytes, first.end.value, encoding);
    const auto faults_behind = agent::split::frame(rest, framing, agent::split::kNothingFollows);
    auto together = texts(first);
    for (auto& text : texts(rest)) together.push_back(std::move(text));
    AGENT_ASSERT(together == texts(whole));
    AGENT_ASSERT(faults_before.undecodable * (first.records.empty() ? 0 : 1) + faults_behind.undecodable ==
                 faults.undecodable);
    return 0;
}
