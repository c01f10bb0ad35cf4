#include "agent/deliver/kafka_headers.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "common/base/assert.h"
#include "common/process/record_encoder.h"

namespace agent::deliver {

namespace {

constexpr std::size_t kDeadLetterHeaders = 7;
constexpr std::size_t kNameAndNumber = 32;

void add(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
}

}  // namespace

KafkaHeaders::KafkaHeaders(const config::SinkConfig& config, const SinkContext& context)
    : config_(config), context_(context) {
    for (const auto& [name, text] : config.header_templates) {
        auto parsed = process::Template::parse(text, context.labels, process::Template::Scope::record);
        AGENT_ASSERT(parsed.has_value());  // config::load refused what does not parse
        of_records_ += parsed->reads_record() ? 1 : 0;
        templates_.push_back(std::move(*parsed));
    }
}

std::vector<std::string> KafkaHeaders::fill(const process::Origin& origin) const {
    std::vector<std::string> filled;
    filled.reserve(templates_.size());
    for (const auto& one : templates_) {
        filled.push_back(one.reads_record() ? std::string() : one.fill(origin));
        filled.back().resize(std::min(filled.back().size(), model::RecordTexts::kTextBytesMax));
    }
    return filled;
}

void KafkaHeaders::begin_batch() {
    time_ = process::utc_text(std::chrono::system_clock::now());
}

// A header that comes out empty is left out.
rd_kafka_headers_t* KafkaHeaders::of(const model::Record& record, const FileContext& file,
                                     const std::vector<std::string>& filled, const model::RecordTexts& texts,
                                     std::size_t place) const {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(config_.headers.size() + templates_.size());
    for (const auto header : config_.headers) add_own(headers, header, record, file);
    auto text = model::RecordTexts::kFirstHeader;
    for (std::size_t i = 0; i < templates_.size(); ++i) {
        const auto value = templates_[i].reads_record() ? texts.at(place, text++) : std::string_view(filled[i]);
        if (!value.empty()) add(headers, config_.header_templates[i].first, value);
    }
    return headers;
}

void KafkaHeaders::add_own(rd_kafka_headers_t* headers, config::Header header, const model::Record& record,
                           const FileContext& file) const {
    switch (header) {
        case config::Header::host:
            return add(headers, "host", context_.host);
        case config::Header::path:
            return add(headers, "path", file.path);
        case config::Header::pipeline:
            return add(headers, "pipeline", context_.pipeline);
        case config::Header::file_id:
            return add(headers, "file_id", file.file_id);
        case config::Header::offset:
            return add(headers, "offset", fmt::to_string(record.begin.value));
        case config::Header::end:
            return add(headers, "end", fmt::to_string(record.end.value));
        case config::Header::session:
            return add(headers, "session", context_.session);
        case config::Header::time:
            return add(headers, "time", time_);
    }
}

std::size_t KafkaHeaders::bytes(const FileContext& file, const std::vector<std::string>& filled) const {
    std::size_t all = 0;
    for (const auto header : config_.headers) all += bytes(header, file);
    for (std::size_t i = 0; i < filled.size(); ++i) all += config_.header_templates[i].first.size() + filled[i].size();
    return all;
}

std::size_t KafkaHeaders::bytes(config::Header header, const FileContext& file) const {
    switch (header) {
        case config::Header::host:
            return kNameAndNumber + context_.host.size();
        case config::Header::path:
            return kNameAndNumber + file.path.size();
        case config::Header::pipeline:
            return kNameAndNumber + context_.pipeline.size();
        case config::Header::file_id:
            return kNameAndNumber + file.file_id.size();
        default:
            return kNameAndNumber;
    }
}

std::size_t KafkaHeaders::dead_letter_bytes(const FileContext& file, std::string_view topic,
                                            std::string_view why) const {
    constexpr std::size_t kNamesAndOffset = 96;
    return kNamesAndOffset + topic.size() + std::min(why.size(), kDeadLetterErrorBytesMax) + context_.host.size() +
           context_.pipeline.size() + file.path.size() + file.file_id.size();
}

// Where it comes from and why it is there.
rd_kafka_headers_t* KafkaHeaders::of_dead_letter(const model::Record& record, const FileContext& file,
                                                 std::string_view topic, std::string_view why) const {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(kDeadLetterHeaders);
    add(headers, "topic", topic);
    add(headers, "error", why.substr(0, kDeadLetterErrorBytesMax));
    add(headers, "host", context_.host);
    add(headers, "pipeline", context_.pipeline);
    add(headers, "path", file.path);
    add(headers, "file_id", file.file_id);
    add(headers, "offset", fmt::to_string(record.begin.value));
    return headers;
}

}  // namespace agent::deliver
