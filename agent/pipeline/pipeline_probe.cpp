#include "agent/pipeline/pipeline_probe.h"

#include <chrono>

namespace agent::pipeline {

namespace {

using namespace std::chrono_literals;

constexpr auto kRepeatInterval = 10s;  // between two log lines about the same kind of trouble

telemetry::MetricLabels with(telemetry::MetricLabels labels, const char* name, const char* value) {
    labels[name] = value;
    return labels;
}

struct Labels {
    telemetry::MetricLabels pipeline;
    telemetry::MetricLabels sink;
};

Labels labels_of(const std::string& pipeline, const std::string& sink) {
    return {.pipeline = {{"pipeline", pipeline}}, .sink = {{"pipeline", pipeline}, {"sink", sink}}};
}

constexpr const char* kDroppedHelp = "Records given up on purpose, by reason";
constexpr const char* kLossesHelp = "Times that lines were lost, or may have been, by reason";
constexpr const char* kBytesLostHelp = "Bytes of them that were seen, and never taken by the sink";
constexpr const char* kFallbackHelp = "Records that went to the fallback topic, by reason";
constexpr const char* kFailedHelp =
    "Records whose delivery failed, by reason; rewound ones are read again, lost ones cannot be";

}  // namespace

PipelineProbe::PipelineProbe(const std::string& pipeline, const std::string& sink_type,
                             const process::Chain& processors, telemetry::Registry& registry, telemetry::Log& log)
    : pipeline_(pipeline),
      log_(log),
      lines_read_(
          registry.counter("venus_agent_lines_read_total", "Lines read", labels_of(pipeline, sink_type).pipeline)),
      bytes_read_(registry.counter("venus_agent_bytes_read_total", "Bytes of files read as complete lines",
                                   labels_of(pipeline, sink_type).pipeline)),
      records_sent_(registry.counter("venus_agent_records_sent_total", "Records handed to the sink",
                                     labels_of(pipeline, sink_type).sink)),
      records_acked_(registry.counter("venus_agent_records_acked_total", "Records acknowledged by the sink",
                                      labels_of(pipeline, sink_type).sink)),
      dropped_long_line_(registry.counter("venus_agent_records_dropped_total", kDroppedHelp,
                                          with(labels_of(pipeline, sink_type).pipeline, "reason", "long_line"))),
      dropped_rejected_(registry.counter("venus_agent_records_dropped_total", kDroppedHelp,
                                         with(labels_of(pipeline, sink_type).pipeline, "reason", "rejected"))),
      dropped_dead_letter_(registry.counter("venus_agent_records_dropped_total", kDroppedHelp,
                                            with(labels_of(pipeline, sink_type).pipeline, "reason", "dead_letter"))),
      failed_rewound_(registry.counter("venus_agent_records_failed_total", kFailedHelp,
                                       with(labels_of(pipeline, sink_type).sink, "reason", "rewound"))),
      failed_lost_(registry.counter("venus_agent_records_failed_total", kFailedHelp,
                                    with(labels_of(pipeline, sink_type).sink, "reason", "lost"))),
      decode_errors_(registry.counter("venus_agent_decode_errors_total",
                                      "Lines with bytes that are no character, or that are none of a container's log",
                                      labels_of(pipeline, sink_type).pipeline)),
      rotations_(registry.counter("venus_agent_rotations_total", "Files that were renamed while followed",
                                  labels_of(pipeline, sink_type).pipeline)),
      truncations_(registry.counter("venus_agent_truncations_total", "Files that were truncated or rewritten in place",
                                    labels_of(pipeline, sink_type).pipeline)),
      file_lag_bytes_(registry.gauge("venus_agent_file_lag_bytes", "Bytes of followed files that are not acknowledged",
                                     labels_of(pipeline, sink_type).pipeline)),
      files_open_(
          registry.gauge("venus_agent_files_open", "Files that are open", labels_of(pipeline, sink_type).pipeline)),
      in_flight_bytes_(registry.gauge("venus_agent_in_flight_bytes",
                                      "Memory held by what was read and not acknowledged",
                                      labels_of(pipeline, sink_type).pipeline)),
      in_flight_limit_bytes_(registry.gauge("venus_agent_in_flight_limit_bytes",
                                            "What it may hold: from there on nothing more is read",
                                            labels_of(pipeline, sink_type).pipeline)),
      delivery_seconds_(registry.histogram("venus_agent_delivery_seconds", "Time from reading to acknowledgement",
                                           labels_of(pipeline, sink_type).sink)),
      long_line_limit_(kRepeatInterval),
      decode_limit_(kRepeatInterval),
      fallback_limit_{telemetry::RateLimit(kRepeatInterval), telemetry::RateLimit(kRepeatInterval),
                      telemetry::RateLimit(kRepeatInterval)},
      failure_limit_(kRepeatInterval),
      rejection_limit_(kRepeatInterval),
      unreadable_limit_(kRepeatInterval),
      shortage_limit_(kRepeatInterval) {
    for (std::size_t i = 0; i < fallback_.size(); ++i)
        fallback_.at(i) = &registry.counter("venus_agent_records_fallback_total", kFallbackHelp,
                                            with({{"pipeline", pipeline}}, "reason", shape::kFallbacks.at(i)));
    for (const auto& step : processors.steps()) {
        auto labels = with({{"pipeline", pipeline}}, "processor", step.name.c_str());
        labels["reason"] = step.processor->drop_reason();
        const bool drops = !step.processor->drop_reason().empty();
        dropped_by_processor_.push_back(
            drops ? &registry.counter("venus_agent_records_dropped_total", kDroppedHelp, labels) : nullptr);
    }
    for (std::size_t i = 0; i < lost_.size(); ++i) {
        const auto labels = with({{"pipeline", pipeline}}, "reason", model::kLossReasons.at(i));
        lost_.at(i) = {.losses = &registry.counter("venus_agent_losses_total", kLossesHelp, labels),
                       .bytes = &registry.counter("venus_agent_bytes_lost_total", kBytesLostHelp, labels)};
    }
}

void PipelineProbe::extent_read(const std::string& path, const model::Extent& extent, const split::LineFaults& faults) {
    lines_read_.add(extent.split_count + faults.skipped);
    bytes_read_.add(extent.end - extent.begin + extent.borrowed.bytes);
    if (faults.skipped > 0) {
        dropped_long_line_.add(faults.skipped);
        long_line_seen(faults.skipped, "dropped");
    }
    if (faults.truncated > 0) long_line_seen(faults.truncated, "truncated");
    if (faults.split > 0) long_line_seen(faults.split, "split");
    if (faults.undecodable > 0) undecodable_seen(path, extent, faults.undecodable);
}

void PipelineProbe::undecodable_seen(const std::string& path, const model::Extent& extent, std::uint32_t count) {
    decode_errors_.add(count);
    if (decode_limit_.allow(std::chrono::steady_clock::now()))
        log_.warn("lines cannot be decoded as the source says: they are sent as far as they can",
                  {{"pipeline", pipeline_},
                   {"path", path},
                   {"begin", extent.begin.value},
                   {"end", extent.end.value},
                   {"count", count},
                   {"not_said_before", decode_limit_.suppressed()}});
}

void PipelineProbe::long_line_seen(std::uint32_t count, const char* fate) {
    if (long_line_limit_.allow(std::chrono::steady_clock::now()))
        log_.warn("line is longer than max_line_bytes", {{"pipeline", pipeline_},
                                                         {"count", count},
                                                         {"fate", fate},
                                                         {"not_said_before", long_line_limit_.suppressed()}});
}

void PipelineProbe::extent_shaped(const std::string& path, const std::vector<std::uint32_t>& dropped,
                                  const shape::FallbackCounts& fallbacks) {
    for (std::size_t i = 0; i < dropped.size(); ++i)
        if (dropped[i] > 0) dropped_by_processor_[i]->add(dropped[i]);
    for (std::size_t i = 0; i < fallbacks.size(); ++i)
        if (fallbacks.at(i) > 0) fallback_taken(path, i, fallbacks.at(i));
}

void PipelineProbe::fallback_taken(const std::string& path, std::size_t why, std::uint32_t count) {
    fallback_.at(why)->add(count);
    if (fallback_limit_.at(why).allow(std::chrono::steady_clock::now()))
        log_.warn("records go to the fallback topic", {{"pipeline", pipeline_},
                                                       {"path", path},
                                                       {"reason", shape::kFallbacks.at(why)},
                                                       {"records", count},
                                                       {"not_said_before", fallback_limit_.at(why).suppressed()}});
}

void PipelineProbe::extent_sent(const model::Extent& extent) {
    records_sent_.add(extent.record_count);
}

void PipelineProbe::extent_delivered(const model::Extent& extent) {
    records_acked_.add(extent.record_count);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - extent.read_at;
    delivery_seconds_.observe(took.count(), extent.record_count);
}

void PipelineProbe::extent_failed(const std::string& path, const model::Extent& extent,
                                  std::chrono::milliseconds retry_in) {
    failed_rewound_.add(extent.record_count);
    if (failure_limit_.allow(std::chrono::steady_clock::now()))
        log_.warn("records were not taken: reading them again", {{"pipeline", pipeline_},
                                                                 {"path", path},
                                                                 {"begin", extent.begin.value},
                                                                 {"end", extent.end.value},
                                                                 {"error", extent.failure},
                                                                 {"retry_in_ms", retry_in.count()},
                                                                 {"not_said_before", failure_limit_.suppressed()}});
}

void PipelineProbe::extent_let_go(const model::Extent& extent) {
    failed_rewound_.add(extent.record_count);
}

void PipelineProbe::extent_dropped(const std::string& path, const model::Extent& extent) {
    dropped_rejected_.add(extent.rejected_count);
    records_acked_.add(extent.record_count - extent.rejected_count);
    rejection_seen("dropped", path, extent, extent.failure);
}

void PipelineProbe::extent_dead_lettered(const std::string& path, const model::Extent& extent) {
    dropped_dead_letter_.add(extent.rejected_count);
    records_acked_.add(extent.record_count - extent.rejected_count);
    rejection_seen("sent to the dead-letter topic", path, extent, extent.dead_letter_why);
}

void PipelineProbe::rejection_seen(const char* fate, const std::string& path, const model::Extent& extent,
                                   const std::string& why) {
    if (rejection_limit_.allow(std::chrono::steady_clock::now()))
        log_.error("records were rejected", {{"pipeline", pipeline_},
                                             {"path", path},
                                             {"begin", extent.begin.value},
                                             {"end", extent.end.value},
                                             {"records", extent.rejected_count},
                                             {"fate", fate},
                                             {"error", why},
                                             {"not_said_before", rejection_limit_.suppressed()}});
}

void PipelineProbe::extent_lost(const std::string& path, const model::Extent& extent, model::LossReason why) {
    failed_lost_.add(extent.record_count);
    lost("they were not taken, and their file has them no more", path,
         {.begin = extent.begin, .end = extent.end, .bytes = extent.end - extent.begin}, why);
}

std::uint64_t PipelineProbe::losses() const {
    std::uint64_t losses = 0;
    for (const auto& counters : lost_) losses += counters.losses->value();
    return losses;
}

void PipelineProbe::lost(const char* how, const std::string& path, const model::Loss& loss, model::LossReason why) {
    const auto& counters = lost_.at(static_cast<std::size_t>(why));
    counters.losses->add();
    counters.bytes->add(loss.bytes);
    const bool is_known = loss.bytes > 0;
    log_.error(is_known ? "lines are lost" : "lines may be lost",
               {{"pipeline", pipeline_},
                {"path", path},
                {"begin", loss.begin.value},
                {"end", is_known ? std::to_string(loss.end.value) : "unknown"},
                is_known ? telemetry::Field("bytes", loss.bytes) : telemetry::Field("bytes", "unknown"),
                {"reason", model::kLossReasons.at(static_cast<std::size_t>(why))},
                {"how", how}});
}

void PipelineProbe::file_opened(const std::string& path, const std::string& file_id, model::FileOffset offset) {
    log_.info("file is followed",
              {{"pipeline", pipeline_}, {"path", path}, {"file_id", file_id}, {"offset", offset.value}});
}

void PipelineProbe::file_rotated(const std::string& from, const std::string& to, const std::string& file_id) {
    rotations_.add();
    log_.info("file was renamed", {{"pipeline", pipeline_}, {"from", from}, {"path", to}, {"file_id", file_id}});
}

void PipelineProbe::file_truncated(const std::string& path, const model::Loss& loss) {
    truncations_.add();
    log_.warn("file was truncated or rewritten: reading it from its beginning",
              {{"pipeline", pipeline_}, {"path", path}, {"acked_up_to", loss.begin.value}});
    file_cut_off(path, loss);
}

void PipelineProbe::file_cut_off(const std::string& path, const model::Loss& loss) {
    if (loss.bytes > 0) lost("the file was truncated before they were read", path, loss, model::LossReason::truncated);
}

void PipelineProbe::file_given_up(const std::string& path, const model::Loss& loss) {
    if (loss.bytes > 0) lost("deleted files hold more than deleted_bytes_max", path, loss, model::LossReason::deleted);
}

void PipelineProbe::file_missing(const model::Checkpoint& checkpoint) {
    lost("no path leads to the file any more: it was deleted or moved away while nobody followed it", checkpoint.path,
         {.begin = checkpoint.watermark, .end = checkpoint.seen, .bytes = checkpoint.unread_bytes()},
         model::LossReason::deleted_while_stopped);
}

void PipelineProbe::file_left(const std::string& path, std::uint64_t lag_bytes) {
    log_.info("file is gone: what is left of it is still read",
              {{"pipeline", pipeline_}, {"path", path}, {"lag_bytes", lag_bytes}});
}

void PipelineProbe::file_closed(const std::string& path, const std::string& file_id) {
    log_.info("file is finished", {{"pipeline", pipeline_}, {"path", path}, {"file_id", file_id}});
}

void PipelineProbe::file_unreadable(const std::string& path, const std::string& error) {
    if (unreadable_limit_.allow(std::chrono::steady_clock::now()))
        log_.warn("file cannot be read: trying again", {{"pipeline", pipeline_}, {"path", path}, {"error", error}});
}

void PipelineProbe::file_let_go(const std::string& path, const model::Loss& loss) {
    lost("the file is deleted, and its pipeline was removed before it was read", path, loss,
         model::LossReason::deleted);
}

void PipelineProbe::file_not_opened_again(const std::string& path, const model::Loss& loss) {
    lost("no path leads to the file any more, and no descriptor was free for it before", path, loss,
         model::LossReason::deleted);
}

void PipelineProbe::descriptors_ran_short(const std::string& path) {
    if (shortage_limit_.allow(std::chrono::steady_clock::now()))
        log_.warn("more files are to be read than descriptors are left: they take turns",
                  {{"pipeline", pipeline_}, {"path", path}, {"not_said_before", shortage_limit_.suppressed()}});
}

void PipelineProbe::checkpoint_mismatched(const std::string& path, const model::Loss& loss) {
    lost("the file is not what its checkpoint remembers: it was truncated or rewritten while nobody followed it", path,
         loss, model::LossReason::truncated_while_stopped);
}

void PipelineProbe::offset_set(const std::string& path, model::FileOffset offset) {
    log_.info("checkpoint was set by hand", {{"pipeline", pipeline_}, {"path", path}, {"offset", offset.value}});
}

}  // namespace agent::pipeline
