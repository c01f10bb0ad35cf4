#include "agent/shape/addresser.h"

#include <utility>

#include "common/config/rules.h"

namespace agent::shape {

namespace {

using model::RecordTexts;
using process::Template;

bool is_inside_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// At the end of a character of UTF-8.
void cut(std::string& out, std::size_t begin) {
    if (out.size() - begin <= RecordTexts::kTextBytesMax) return;
    auto end = begin + RecordTexts::kTextBytesMax;
    while (end > begin && is_inside_character(out[end])) --end;
    out.resize(end);
}

// none: it is filled once for each file.
base::Result<std::optional<Template>> template_of_records(const std::string& text, const config::Labels& labels) {
    auto parsed = Template::parse(text, labels, Template::Scope::record);
    if (!parsed) return base::fail("cannot read the template \"{}\": {}", text, parsed.error().message);
    if (!parsed->reads_record()) return std::nullopt;
    return std::move(*parsed);
}

}  // namespace

base::Result<std::optional<Addresser>> Addresser::make(const config::SinkConfig& sink, const config::Labels& labels) {
    Addresser made;
    auto topic = template_of_records(sink.topic, labels);
    if (!topic) return std::unexpected(topic.error());
    made.topic_ = std::move(*topic);
    if (sink.partition == config::Partition::key) {
        auto key = template_of_records(sink.key, labels);
        if (!key) return std::unexpected(key.error());
        made.key_ = std::move(*key);
    }
    for (const auto& [name, text] : sink.header_templates) {
        auto header = template_of_records(text, labels);
        if (!header) return std::unexpected(header.error());
        if (*header) made.headers_.push_back(std::move(**header));
    }
    if (!made.topic_ && !made.key_ && made.headers_.empty()) return std::nullopt;
    made.fallback_topic_ = sink.fallback_topic;
    return made;
}

void Addresser::begin(model::RecordTexts& texts, std::size_t records_expected) {
    texts.begin(RecordTexts::kFirstHeader + headers_.size(), records_expected);
    fallbacks_ = {};
}

void Addresser::append(model::RecordTexts& texts, process::Record& record) {
    auto& out = texts.open();
    if (topic_) append_topic(out, record);
    texts.close();
    const auto append_cut = [&](const Template& text) {
        const auto begin = out.size();
        text.append(out, record);
        cut(out, begin);
    };
    if (key_) append_cut(*key_);
    texts.close();
    for (const auto& header : headers_) {
        append_cut(header);
        texts.close();
    }
}

void Addresser::append_topic(std::string& out, process::Record& record) {
    const auto begin = out.size();
    const bool is_whole = topic_->append_whole(out, record);
    const auto topic = std::string_view(out).substr(begin);
    if (is_whole && topic == last_topic_) return;
    const auto why = is_whole ? refuse(topic) : Fallback::missing_field;
    if (!why) {
        last_topic_ = topic;
        return;
    }
    ++fallbacks_.at(static_cast<std::size_t>(*why));
    out.resize(begin);
    out += fallback_topic_;
}

// A topic that was taken once is taken again, so that a record that is read again goes where it went.
std::optional<Fallback> Addresser::refuse(std::string_view topic) {
    if (topics_.contains(topic)) return std::nullopt;
    if (!config::is_topic(topic)) return Fallback::invalid_topic;
    if (topics_.size() >= kTopicsMax && topic != fallback_topic_) return Fallback::topics_max;
    topics_.emplace(topic);
    return std::nullopt;
}

}  // namespace agent::shape
