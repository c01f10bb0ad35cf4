// The headers of records and of dead letters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "agent/deliver/sink.h"
#include "agent/deliver/sink_context.h"
#include "common/process/template.h"

namespace agent::deliver {

// What a dead letter carries beside its line: a path (PATH_MAX), a topic (249 bytes), host, pipeline, file id; an error
// is cut at kDeadLetterErrorBytesMax.
constexpr std::size_t kDeadLetterErrorBytesMax = 1024;
constexpr std::size_t kDeadLetterHeaderBytesMax = 8192;

// Life: one per sink. Thread: its shard's.
class KafkaHeaders {
 public:
    KafkaHeaders(const config::SinkConfig& config, const SinkContext& context);

    bool empty() const { return config_.headers.empty() && templates_.empty(); }

    // The values of `header_templates` for one file, in their order; "" where its records decide.
    std::vector<std::string> fill(const process::Origin& origin) const;

    // Whatever comes before the first record of a batch.
    void begin_batch();

    // `filled`: by fill(); `place`: of the record in its extent's texts.
    rd_kafka_headers_t* of(const model::Record& record, const FileContext& file, const std::vector<std::string>& filled,
                           const model::RecordTexts& texts, std::size_t place) const;
    rd_kafka_headers_t* of_dead_letter(const model::Record& record, const FileContext& file, std::string_view topic,
                                       std::string_view why) const;

    // Of a record, about; without what its templates make of it.
    std::size_t bytes(const FileContext& file, const std::vector<std::string>& filled) const;
    std::size_t dead_letter_bytes(const FileContext& file, std::string_view topic, std::string_view why) const;
    std::size_t of_records() const { return of_records_; }  // how many of the templates read records

 private:
    void add_own(rd_kafka_headers_t* headers, config::Header header, const model::Record& record,
                 const FileContext& file) const;
    std::size_t bytes(config::Header header, const FileContext& file) const;

    const config::SinkConfig& config_;
    const SinkContext& context_;
    std::vector<process::Template> templates_;  // by config_.header_templates
    std::size_t of_records_ = 0;
    std::string time_;
};

}  // namespace agent::deliver
