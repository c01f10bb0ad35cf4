#include "agent/split/container_line.h"

#include <cstring>
#include <string>

#include <simdjson.h>

#include "common/base/assert.h"
#include "common/process/time_format.h"

namespace agent::split {

namespace {

using model::Stream;

std::optional<Stream> stream_of(std::string_view name) {
    if (name == "stdout") return Stream::out;
    if (name == "stderr") return Stream::err;
    return std::nullopt;
}

std::optional<process::Time> time_of(std::string_view text) {
    static const auto format = process::TimeFormat::make("rfc3339");
    static const process::Zone utc;
    AGENT_ASSERT(format.has_value());
    const auto time = format->eat(text, utc, {});
    return text.empty() ? time : std::nullopt;
}

// The text up to the next blank, which is eaten with it; empty: there is no blank.
std::string_view eat_word(std::string_view& text) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return {};
    const auto word = text.substr(0, blank);
    text.remove_prefix(blank + 1);
    return word;
}

std::optional<ContainerLine> parse_cri(std::string_view line) {
    const auto time = time_of(eat_word(line));
    const auto stream = stream_of(eat_word(line));
    if (!time || !stream) return std::nullopt;
    // An empty line may come without the blank behind its tag.
    const auto blank = line.find(' ');
    const auto tags = line.substr(0, blank);
    const auto tag = tags.substr(0, tags.find(':'));
    if (tag != "P" && tag != "F") return std::nullopt;
    return ContainerLine{.stream = *stream,
                         .time = *time,
                         .text = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1),
                         .is_partial = tag == "P"};
}

}  // namespace

class ContainerLineParser::Json {
 public:
    std::optional<ContainerLine> parse(std::string_view line) {
        namespace sj = simdjson;
        padded_.resize(std::max(padded_.size(), line.size() + sj::SIMDJSON_PADDING));
        std::memcpy(padded_.data(), line.data(), line.size());
        sj::dom::object object;
        if (parser_.parse(padded_.data(), line.size(), false).get(object) != sj::SUCCESS) return std::nullopt;
        std::optional<std::string_view> log;
        std::optional<Stream> stream;
        std::optional<process::Time> time;
        for (const auto& [name, value] : object) {
            std::string_view text;
            if (name != "log" && name != "stream" && name != "time") continue;
            if (value.get(text) != sj::SUCCESS) return std::nullopt;
            if (name == "log") log = text;
            if (name == "stream") stream = stream_of(text);
            if (name == "time") time = time_of(text);
        }
        if (!log || !stream || !time) return std::nullopt;
        const bool is_partial = !log->ends_with('\n');
        if (!is_partial) log->remove_suffix(1);
        return ContainerLine{.stream = *stream, .time = *time, .text = *log, .is_partial = is_partial};
    }

 private:
    simdjson::dom::parser parser_;  // not on-demand: this one chooses its instructions by the CPU
    std::string padded_;            // simdjson reads a little beyond the end
};

ContainerLineParser::ContainerLineParser() : json_(std::make_shared<Json>()) {}

std::optional<ContainerLine> ContainerLineParser::parse(std::string_view line) const {
    auto parsed = line.starts_with('{') ? json_->parse(line) : parse_cri(line);
    if (parsed && !parsed->is_partial && parsed->text.ends_with('\r')) parsed->text.remove_suffix(1);
    return parsed;
}

}  // namespace agent::split
