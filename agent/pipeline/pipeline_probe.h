#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/model/checkpoint.h"
#include "agent/model/extent.h"
#include "agent/shape/addresser.h"
#include "agent/split/splitter.h"
#include "common/process/chain.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace agent::pipeline {

// A pipeline's counters and log lines: each fact is told once.
//
// At rest: lines read = acked + dropped + failed + in flight. A record that is read again after a rewind is counted
// again as read and as failed{rewound}, so that the books balance at any time.
//
// Thread: its shard's; the metrics may be read by any.
class PipelineProbe {
 public:
    PipelineProbe(const std::string& pipeline, const std::string& sink_type, const process::Chain& processors,
                  telemetry::Registry& registry, telemetry::Log& log);

    void extent_read(const std::string& path, const model::Extent& extent, const split::LineFaults& faults);
    // Records: those that were dropped, by processor, and those that go to the fallback topic.
    void extent_shaped(const std::string& path, const std::vector<std::uint32_t>& dropped,
                       const shape::FallbackCounts& fallbacks);
    void extent_sent(const model::Extent& extent);
    void extent_delivered(const model::Extent& extent);
    void extent_failed(const std::string& path, const model::Extent& extent, std::chrono::milliseconds retry_in);
    void extent_let_go(const model::Extent& extent);  // at an end: the next start reads it again
    void extent_dropped(const std::string& path, const model::Extent& extent);  // rejected; its pipeline drops those
    void extent_dead_lettered(const std::string& path, const model::Extent& extent);
    void extent_lost(const std::string& path, const model::Extent& extent, model::LossReason why);

    void file_opened(const std::string& path, const std::string& file_id, model::FileOffset offset);
    // Its first rename; that it moves up a chain of old ones later is no rotation of its own.
    void file_rotated(const std::string& from, const std::string& to, const std::string& file_id);
    void file_truncated(const std::string& path, const model::Loss& loss);
    void file_cut_off(const std::string& path, const model::Loss& loss);  // behind what was read
    void file_given_up(const std::string& path, const model::Loss& loss);
    void file_missing(const model::Checkpoint& checkpoint);  // when nobody followed it
    void file_left(const std::string& path, std::uint64_t lag_bytes);
    void file_closed(const std::string& path, const std::string& file_id);
    void file_unreadable(const std::string& path, const std::string& error);
    void file_let_go(const std::string& path, const model::Loss& loss);  // with its pipeline
    void file_not_opened_again(const std::string& path, const model::Loss& loss);
    void descriptors_ran_short(const std::string& path);
    void checkpoint_mismatched(const std::string& path, const model::Loss& loss);
    void offset_set(const std::string& path, model::FileOffset offset);

    void set_open_files(std::size_t count) { files_open_.set(static_cast<std::int64_t>(count)); }
    void set_in_flight(std::size_t bytes, std::size_t bytes_max) {
        in_flight_bytes_.set(static_cast<std::int64_t>(bytes));
        in_flight_limit_bytes_.set(static_cast<std::int64_t>(bytes_max));
    }
    void set_lag(std::uint64_t bytes) { file_lag_bytes_.set(static_cast<std::int64_t>(bytes)); }

    std::uint64_t lines_read() const { return lines_read_.value(); }
    std::uint64_t records_acked() const { return records_acked_.value(); }
    std::uint64_t records_rejected() const { return dropped_rejected_.value() + dropped_dead_letter_.value(); }
    std::uint64_t losses() const;
    std::uint64_t records_failed() const { return failed_rewound_.value() + failed_lost_.value(); }

 private:
    void rejection_seen(const char* fate, const std::string& path, const model::Extent& extent, const std::string& why);
    void fallback_taken(const std::string& path, std::size_t why, std::uint32_t count);
    void long_line_seen(std::uint32_t count, const char* fate);
    void undecodable_seen(const std::string& path, const model::Extent& extent, std::uint32_t count);
    void lost(const char* how, const std::string& path, const model::Loss& loss, model::LossReason why);

    std::string pipeline_;
    telemetry::Log& log_;
    telemetry::Counter& lines_read_;
    telemetry::Counter& bytes_read_;
    telemetry::Counter& records_sent_;
    telemetry::Counter& records_acked_;
    telemetry::Counter& dropped_long_line_;
    std::vector<telemetry::Counter*> dropped_by_processor_;                 // null: it never does
    std::array<telemetry::Counter*, shape::kFallbacks.size()> fallback_{};  // by Fallback
    telemetry::Counter& dropped_rejected_;
    telemetry::Counter& dropped_dead_letter_;
    telemetry::Counter& failed_rewound_;
    telemetry::Counter& failed_lost_;
    struct LossCounters {
        telemetry::Counter* losses;
        telemetry::Counter* bytes;
    };
    std::array<LossCounters, model::kLossReasons.size()> lost_{};  // by LossReason
    telemetry::Counter& decode_errors_;
    telemetry::Counter& rotations_;
    telemetry::Counter& truncations_;
    telemetry::Gauge& file_lag_bytes_;
    telemetry::Gauge& files_open_;
    telemetry::Gauge& in_flight_bytes_;
    telemetry::Gauge& in_flight_limit_bytes_;
    telemetry::Histogram& delivery_seconds_;
    telemetry::RateLimit long_line_limit_;
    telemetry::RateLimit decode_limit_;
    std::array<telemetry::RateLimit, shape::kFallbacks.size()> fallback_limit_;
    telemetry::RateLimit failure_limit_;
    telemetry::RateLimit rejection_limit_;
    telemetry::RateLimit unreadable_limit_;
    telemetry::RateLimit shortage_limit_;
};

}  // namespace agent::pipeline
