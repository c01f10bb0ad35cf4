#include "agent/split/line_decoder.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <simdjson.h>

#include "agent/model/text_encoding.h"
#include "common/base/assert.h"

namespace agent::split {

namespace {

using config::TextEncoding;
using model::Extent;
using model::Record;

std::vector<TextEncoding> encodings_of(TextEncoding configured) {
    if (configured != TextEncoding::by_bom) return {configured};
    return {TextEncoding::utf8, TextEncoding::utf16le, TextEncoding::utf16be, TextEncoding::gb18030};
}

bool is_ascii(std::string_view bytes) {
    constexpr std::uint64_t kHighs = 0x8080808080808080;
    std::size_t at = 0;
    std::uint64_t word = 0;
    for (; at + sizeof(word) <= bytes.size(); at += sizeof(word)) {
        std::memcpy(&word, bytes.data() + at, sizeof(word));
        if ((word & kHighs) != 0) return false;
    }
    return std::ranges::none_of(bytes.substr(at), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// As the file has it, in UTF-8.
std::string_view line_ending(const Record& line, model::Newline newline) {
    if (line.line_ends != model::LineEnds::both && line.line_ends != model::LineEnds::end) return "";
    return line.end - line.begin - line.size > model::newline_bytes(newline) ? "\r\n" : "\n";
}

}  // namespace

base::Result<LineDecoder> LineDecoder::make(const config::FileSourceConfig& config) {
    LineDecoder made(config.invalid_bytes);
    for (const auto encoding : encodings_of(config.encoding)) {
        auto decoder = TextDecoder::make(encoding);
        if (!decoder) return std::unexpected(decoder.error());
        made.decoders_.push_back({.encoding = encoding, .decoder = std::move(*decoder)});
    }
    return made;
}

bool LineDecoder::is_utf8_already(const Extent& extent) const {
    if (extent.encoding == TextEncoding::utf8)
        return invalid_bytes_ == config::InvalidBytes::keep ||
               simdjson::validate_utf8(extent.bytes.data(), extent.bytes.size());
    return model::newline_of(extent.encoding) == model::Newline::byte && is_ascii(extent.bytes);
}

std::uint32_t LineDecoder::decode(Extent& extent) const {
    if (extent.records.empty()) return 0;
    const auto undecodable = is_utf8_already(extent) ? 0 : make_utf8(extent);
    auto& first = extent.records.front();
    if (first.begin.value == 0 && first.line().starts_with(model::kUtf8Bom)) {
        first.data += model::kUtf8Bom.size();
        first.size -= static_cast<std::uint32_t>(model::kUtf8Bom.size());
    }
    return undecodable;
}

std::uint32_t LineDecoder::make_utf8(Extent& extent) const {
    const auto found = std::ranges::find(decoders_, extent.encoding, &Encoding::encoding);
    AGENT_ASSERT(found != decoders_.end());
    const auto newline = model::newline_of(extent.encoding);
    auto& lines = extent.records;
    std::uint32_t undecodable = 0;
    std::string text;
    text.reserve(extent.bytes.size() + (extent.bytes.size() / 2));
    std::vector<std::size_t> places;  // in `text`, of each line
    places.reserve(lines.size());
    for (auto& line : lines) {
        const auto ending = line_ending(line, newline);
        places.push_back(text.size());
        if (!found->decoder.append(text, line.line())) ++undecodable;
        line.size = static_cast<std::uint32_t>(text.size() - places.back());
        text += ending;
    }
    const auto& kept = extent.arena.emplace_back(std::move(text));
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i].data = kept.data() + places[i];
    return undecodable;
}

}  // namespace agent::split
