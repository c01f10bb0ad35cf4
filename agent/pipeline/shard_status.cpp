// What a shard tells of itself.
#include <algorithm>

#include "agent/pipeline/shard.h"

namespace agent::pipeline {

namespace {

constexpr std::chrono::seconds kNoDescriptorTime{10};

const char* state_of(const Tail& tail) {
    if (tail.left) return "gone";
    switch (tail.state) {
        case Tail::State::idle:
            return "idle";
        case Tail::State::ready:
            return "reading";
        case Tail::State::waiting:
        case Tail::State::wanting:
            return "waiting";
        case Tail::State::rewinding:
            return "rewinding";
    }
    return "";
}

}  // namespace

std::optional<std::string> Shard::tap(const std::string& name) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return std::nullopt;
    auto& tap = found->second->tap;
    if (!tap) tap = std::make_unique<Tap>();
    return tap->fetch(loop_.now());
}

void Shard::forget_taps() {
    for (auto* pipeline : rotation_)
        if (pipeline->tap && pipeline->tap->is_forgotten(loop_.now())) pipeline->tap.reset();
}

bool Shard::is_limited(Pipeline& pipeline) {
    const auto now = loop_.now();
    return std::max({rate_.wait(now), cpu_.wait(now), pipeline.rate.wait(now)}).count() > 0;
}

ShardStatus Shard::status() {
    ShardStatus status{.pipelines = {}, .in_flight_bytes = budget_.bytes(), .memory_limit_bytes = budget_.bytes_max()};
    for (auto* pipeline : rotation_) {
        auto& told = status.pipelines.emplace_back();
        told.name = pipeline->config.name;
        told.sink = pipeline->sink->status();
        told.lines_read = pipeline->probe.lines_read();
        told.records_acked = pipeline->probe.records_acked();
        told.records_rejected = pipeline->probe.records_rejected();
        told.records_failed = pipeline->probe.records_failed();
        told.losses = pipeline->probe.losses();
        told.in_flight_bytes = pipeline->window.bytes();
        told.throttled = !pipeline->ready.empty() && is_limited(*pipeline);
        told.books = pipeline->finished;
        std::size_t open = 0;
        for (const auto& [id, tail] : pipeline->tails) {
            open += tail->reader.is_open() ? 1 : 0;
            told.unopenable += tail->unopenable ? 1 : 0;
            const std::uint64_t lag = tail->lag_bytes();
            told.files.push_back({.identity = tail->identity,
                                  .path = tail->path,
                                  .size_bytes = tail->size_bytes(),
                                  .read_offset = tail->reader.offset(),
                                  .watermark = tail->watermark.offset,
                                  .lag_bytes = lag,
                                  .state = state_of(*tail),
                                  .books = tail->books()});
            told.books += told.files.back().books;
            told.lag_bytes += lag;
            told.rewinding += tail->state == Tail::State::rewinding ? 1 : 0;
        }
        pipeline->probe.set_lag(told.lag_bytes);
        pipeline->probe.set_open_files(open);
        pipeline->probe.set_in_flight(pipeline->window.bytes(), pipeline->window.bytes_max());
        std::ranges::sort(told.files, {}, &FileStatus::path);
    }
    std::ranges::sort(status.pipelines, {}, &PipelineStatus::name);
    status.no_descriptors = descriptors_short_ && loop_.now() - wanting_served_at_ > kNoDescriptorTime;
    return status;
}

}  // namespace agent::pipeline
