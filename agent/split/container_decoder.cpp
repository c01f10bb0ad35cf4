#include "agent/split/container_decoder.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace agent::split {

using model::ContainerMark;
using model::Extent;
using model::LineEnds;
using model::Record;
using model::Stream;

// One extent's lines, from the first to the last.
class ContainerDecoder::Decoding {
 public:
    Decoding(Extent& extent, const ContainerDecoder& decoder, Streams streams)
        : extent_(extent), decoder_(decoder), streams_apart_(streams == Streams::apart), last_end_(extent.begin) {
        extent_.marks.clear();
        places_.reserve(extent_.records.size());
        extent_.marks.reserve(extent_.records.size());
        lines_.reserve(extent_.records.size());
    }

    std::uint32_t run() {
        std::uint32_t undecodable = 0;
        for (const auto& record : extent_.records) {
            const auto line = decoder_.parser_.parse(record.line());
            if (!line) ++undecodable;
            if (line && record.begin < extent_.lent.at(static_cast<std::size_t>(line->stream))) {
                last_end_ = record.end;
                continue;
            }
            take(record, line.value_or(ContainerLine{
                             .stream = Stream::none, .time = {}, .text = record.line(), .is_partial = false}));
        }
        extent_.records = std::move(lines_);
        place();
        return undecodable;
    }

 private:
    struct Open {
        std::size_t line = 0;        // its number
        bool goes_on = false;        // its last piece was not seen
        bool is_behind_gap = false;  // a line before the next one is missing
        std::chrono::system_clock::time_point time;
    };

    void take(const Record& record, const ContainerLine& line) {
        if (record.begin != std::exchange(last_end_, record.end))  // a long line was skipped
            for (auto& open : open_) open.is_behind_gap = true;
        if (!streams_apart_)
            for (auto& open : open_) open.goes_on = open.goes_on && &open == &of(line.stream);
        auto& open = of(line.stream);
        auto& text = texts_.at(static_cast<std::size_t>(line.stream));
        if (open.goes_on && add(open, record, line))
            text += line.text;
        else
            begin(open, record, line, text);
        if (!line.is_partial) text += '\n';
        open.goes_on = line.is_partial;
        open.is_behind_gap = false;
        open.time = line.time;
        extent_.marks[open.line].goes_on = line.is_partial;
    }

    bool add(Open& open, const Record& record, const ContainerLine& line) {
        auto& whole = lines_[open.line];
        const auto& limit = decoder_.limit_;
        const bool fits = !open.is_behind_gap && whole.size + line.text.size() <= limit.line_bytes_max &&
                          record.end - whole.begin <= limit.reach_bytes_max && line.time - open.time <= limit.pause_max;
        if (!fits) {
            cut(open);
            return false;
        }
        whole.size += static_cast<std::uint32_t>(line.text.size());
        whole.end = record.end;
        extent_.marks[open.line].bytes += own_bytes(record);
        return true;
    }

    std::uint32_t own_bytes(const Record& record) const {
        return record.begin < extent_.own_end() ? static_cast<std::uint32_t>(record.end - record.begin) : 0;
    }

    // The rest of its line begins a record of its own.
    void cut(Open& open) {
        auto& whole = lines_[open.line];
        whole.line_ends = whole.line_ends == LineEnds::both ? LineEnds::begin : LineEnds::none;
        extent_.marks[open.line].goes_on = false;
        open.goes_on = true;
    }

    // A line; several of them where the text is longer than a line may be, of which the first has all of the file's.
    void begin(Open& open, const Record& record, const ContainerLine& line, std::string& text) {
        auto bytes = own_bytes(record);
        for (auto rest = line.text;;) {
            const auto part = rest.substr(0, decoder_.limit_.line_bytes_max);
            const bool is_rest = open.goes_on || open.is_behind_gap;
            open.line = lines_.size();
            lines_.push_back({.size = static_cast<std::uint32_t>(part.size()),
                              .line_ends = is_rest ? LineEnds::end : LineEnds::both,
                              .begin = record.begin,
                              .end = record.end});
            extent_.marks.push_back(
                {.time = line.time, .stream = line.stream, .goes_on = false, .bytes = std::exchange(bytes, 0)});
            places_.push_back(text.size());
            text += part;
            rest.remove_prefix(part.size());
            if (rest.empty()) return;
            cut(open);
        }
    }

    // Now that no text moves any more.
    void place() {
        std::array<const char*, model::kStreams> begins{};
        begins.fill(extent_.bytes.data());  // where there is no text, its place does not matter
        for (std::size_t i = 0; i < texts_.size(); ++i)
            if (!texts_.at(i).empty()) begins.at(i) = extent_.arena.emplace_back(std::move(texts_.at(i))).data();
        for (std::size_t i = 0; i < places_.size(); ++i)
            extent_.records[i].data = begins.at(static_cast<std::size_t>(extent_.marks[i].stream)) + places_[i];
    }

    Open& of(Stream stream) { return open_.at(static_cast<std::size_t>(stream)); }

    Extent& extent_;
    const ContainerDecoder& decoder_;
    bool streams_apart_;
    model::FileOffset last_end_;
    std::array<Open, model::kStreams> open_{};
    std::array<std::string, model::kStreams> texts_{};
    std::vector<Record> lines_;
    std::vector<std::size_t> places_;  // of each line, in its stream's text
};

std::uint32_t ContainerDecoder::decode(Extent& extent, Streams streams) const {
    return Decoding(extent, *this, streams).run();
}

namespace {

// Takes the first line, with its line ending, off `lines`; "": there is no whole one.
std::string_view take_line(std::string_view& lines) {
    const auto line = lines.substr(0, lines.find('\n') + 1);
    lines.remove_prefix(line.size());
    return line;
}

}  // namespace

ContainerDecoder::WithinLine ContainerDecoder::streams_within_line(std::string_view lines) const {
    WithinLine within{};
    for (auto text = take_line(lines); !text.empty(); text = take_line(lines))
        if (const auto line = parser_.parse(text.substr(0, text.size() - 1)))
            within.at(static_cast<std::size_t>(line->stream)) = line->is_partial;
    return within;
}

bool ContainerDecoder::ends_within_line(std::string_view lines) const {
    return std::ranges::any_of(streams_within_line(lines), std::identity());
}

std::optional<ContainerDecoder::Continuation> ContainerDecoder::continuation(std::string_view older,
                                                                             std::string_view newer) const {
    auto within = streams_within_line(older);
    if (std::ranges::none_of(within, std::identity())) return std::nullopt;
    Continuation found;
    const auto size = newer.size();
    for (auto text = take_line(newer); !text.empty(); text = take_line(newer)) {
        const auto line = parser_.parse(text.substr(0, text.size() - 1));
        if (!line || !within.at(static_cast<std::size_t>(line->stream))) continue;
        within.at(static_cast<std::size_t>(line->stream)) = line->is_partial;
        found.lines.push_back(text);
        found.lent.at(static_cast<std::size_t>(line->stream)) = {size - newer.size()};
        if (std::ranges::none_of(within, std::identity())) return found;
    }
    return std::nullopt;
}

}  // namespace agent::split
