// Where records go by what they hold.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "agent/model/record_texts.h"
#include "common/base/result.h"
#include "common/config/config.h"
#include "common/process/template.h"

namespace agent::shape {

// A record that its fields do not lead to a topic of its own goes to the sink's fallback topic: it lacks one of them
// (or has it empty), Kafka does not allow the name, or there are kTopicsMax topics already.
enum class Fallback : std::uint8_t { missing_field, invalid_topic, topics_max };
constexpr std::array<const char*, 3> kFallbacks = {"missing_field", "invalid_topic", "topics_max"};
using FallbackCounts = std::array<std::uint32_t, kFallbacks.size()>;

constexpr std::size_t kTopicsMax = 1000;  // of one pipeline, since it was built: fields may hold anything

// Fills those templates of a Kafka sink that read a record's fields or its line; the others are the sink's business.
//
// Life: one per pipeline. Thread: its shard's.
class Addresser {
 public:
    // none: no template of the sink reads them. Errors: those of the templates, which the config was checked for.
    static base::Result<std::optional<Addresser>> make(const config::SinkConfig& sink, const config::Labels& labels);

    bool fills_topic() const { return topic_.has_value(); }
    bool fills_key() const { return key_.has_value(); }

    void begin(model::RecordTexts& texts, std::size_t records_expected);
    void append(model::RecordTexts& texts, process::Record& record);  // of the next record
    const FallbackCounts& fallbacks() const { return fallbacks_; }    // since begin()

 private:
    Addresser() = default;

    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    void append_topic(std::string& out, process::Record& record);
    std::optional<Fallback> refuse(std::string_view topic);

    std::optional<process::Template> topic_;
    std::optional<process::Template> key_;
    std::vector<process::Template> headers_;
    std::string fallback_topic_;
    std::unordered_set<std::string, TextHash, std::equal_to<>> topics_;
    std::string last_topic_;  // most records go where the one before them went
    FallbackCounts fallbacks_{};
};

}  // namespace agent::shape
