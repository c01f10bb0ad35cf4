#include "agent/pipeline/shard.h"

#include <algorithm>
#include <utility>

#include "agent/split/splitter.h"
#include "common/base/assert.h"

namespace agent::pipeline {

using namespace std::chrono_literals;
using model::ExtentPtr;

namespace {

constexpr int kTurnsMax = 8;  // between two looks at what else there is to do
constexpr std::size_t kSpareBuffersMax = kInFlightBytesMax / read::kReadBytes;
constexpr std::size_t kRecordCharge =
    256;  // what a record in flight costs besides its bytes: librdkafka's message, ours
constexpr std::size_t kEnvelopeCharge = 256;  // what the JSON around a record costs besides its bytes

constexpr auto kLeftInterval = 250ms;  // gone files are polled: no event tells of their growth
constexpr auto kDeletedQuiet = 5s;     // a deleted file that did not grow for so long is finished
constexpr auto kMovedQuiet = 60s;      // one that was moved out of sight
constexpr auto kRetryDelayMin = 100ms;
constexpr auto kRetryDelayMax = 30'000ms;

static_assert(kInFlightBytesMax >= 16 * read::kExtentBytesMax, "a window smaller than a batch waits for linger");

}  // namespace

Shard::Shard(std::size_t memory_limit, checkpoint::CheckpointThread& checkpoints, telemetry::Log& log,
             TailFinished finished)
    : log_(log),
      finished_(std::move(finished)),
      checkpoints_(checkpoints),
      budget_(memory_limit),
      pool_(read::kReadBytes, kSpareBuffersMax),
      checkpoint_timer_(loop_),
      left_timer_(loop_),
      patience_timer_(loop_) {
    checkpoint_timer_.every(kCheckpointInterval, [this] { store_checkpoints(checkpoint::Durability::host); });
    left_timer_.every(kLeftInterval, [this] { look_after_left_tails(); });
}

Shard::~Shard() = default;

// --- the way of a line
// -------------------------------------------------------------------------------------------------

// One turn: the whole way of a line, top to bottom.
bool Shard::take_turn() {
    if (draining_ || !budget_.has_room()) return false;  // back-pressure: no room, no reading
    Pipeline* pipeline = next_pipeline();                // fair: one extent each in turn
    if (!pipeline) return false;
    Tail& tail = *pipeline->ready.front();
    pipeline->ready.pop_front();
    if (!tail.route->ready()) {
        tail.state = Tail::State::waiting;
        pipeline->waiting.push_back(&tail);
        return true;
    }
    tail.state = Tail::State::idle;
    if (read_extent(*pipeline, tail)) make_ready(*pipeline, tail);
    return true;
}

// True: there is more to read.
bool Shard::read_extent(Pipeline& pipeline, Tail& tail) {
    tail.woken = false;
    if (tail.go_to) return false;  // settle() moves it as soon as nothing is in flight
    auto result = tail.reader.read(pool_);
    switch (result.status) {
        case read::ReadStatus::extent:
            deliver_extent(pipeline, tail, std::move(result.extent));
            return (!result.drained || tail.woken) && tail.state == Tail::State::idle;
        case read::ReadStatus::again:
            return true;
        case read::ReadStatus::at_end:
            return false;
        case read::ReadStatus::truncated:
            truncated(pipeline, tail);
            return true;
        case read::ReadStatus::failed:
            pipeline.probe.file_unreadable(tail.path, result.error);
            return false;  // the sweep wakes it
    }
    return false;
}

void Shard::deliver_extent(Pipeline& pipeline, Tail& tail, ExtentPtr extent) {
    extent->read_at = tail.grown_at = std::chrono::steady_clock::now();
    const auto long_lines = split::split_lines(*extent, pipeline.line_limit);
    extent->charge = extent->buffer.capacity + (extent->record_count * kRecordCharge);
    if (pipeline.config.sink.encoding == config::Encoding::json)
        extent->charge += extent->bytes.size() + (extent->record_count * kEnvelopeCharge);
    budget_.take(extent->charge);
    pipeline.window.take(extent->charge);
    pipeline.probe.extent_read(*extent, long_lines);
    tail.open_extent(*extent);
    if (extent->record_count == 0) return extent_finished(std::move(extent));
    pipeline.probe.extent_sent(*extent);
    pipeline.sink->deliver(std::move(extent), *tail.route);  // comes back by extent_finished()
}

void Shard::truncated(Pipeline& pipeline, Tail& tail) {
    pipeline.probe.file_truncated(tail.path, tail.reader.offset(), tail.watermark.offset);
    tail.start_anew();
}

void Shard::run_turns() {
    turns_scheduled_ = false;
    for (int turn = 0; turn < kTurnsMax; ++turn)
        if (!take_turn()) return;
    schedule_turns();
}

void Shard::schedule_turns() {
    if (std::exchange(turns_scheduled_, true)) return;
    loop_.post([this] { run_turns(); });
}

Pipeline* Shard::next_pipeline() {
    for (std::size_t i = 0; i < rotation_.size(); ++i) {
        auto* pipeline = rotation_[next_in_rotation_++ % rotation_.size()];
        if (!pipeline->ready.empty() && !pipeline->retiring && pipeline->window.has_room()) return pipeline;
    }
    return nullptr;
}

void Shard::make_ready(Pipeline& pipeline, Tail& tail) {
    tail.woken = true;
    if (tail.state != Tail::State::idle) return;
    tail.state = Tail::State::ready;
    pipeline.ready.push_back(&tail);
    schedule_turns();
}

// --- the way back
// ------------------------------------------------------------------------------------------------------

void Shard::extent_finished(ExtentPtr extent) {
    auto* pipeline = pipeline_of(extent->tail);
    AGENT_ASSERT(pipeline != nullptr);
    auto& tail = *pipeline->tails.at(extent->tail);
    budget_.give_back(extent->charge);
    pipeline->window.give_back(extent->charge);
    if (tail.close_extent(*extent)) unstored_bytes_ += extent->end - extent->begin;
    if (extent->failure.empty())
        pipeline->probe.extent_delivered(*extent);
    else
        extent_failed(*pipeline, tail, *extent);
    pool_.give_back(std::move(extent->buffer));

    if (unstored_bytes_ >= kUnstoredBytesMax) store_checkpoints(checkpoint::Durability::process);
    if (!tail.has_in_flight()) settle(*pipeline, tail);
    if (pipeline->retiring) try_to_retire(*pipeline);
    if (draining_) check_drained();
    schedule_turns();
}

// Whatever it was: let go of what is in flight, rewind, go on.
void Shard::extent_failed(Pipeline& pipeline, Tail& tail, const model::Extent& extent) {
    if (!tail.is_current(extent)) return pipeline.probe.extent_lost(tail.path, extent);
    if (tail.state != Tail::State::rewinding) {
        tail.retry_delay = std::clamp(tail.retry_delay * 2, std::chrono::milliseconds(kRetryDelayMin),
                                      std::chrono::milliseconds(kRetryDelayMax));
        std::erase(pipeline.ready, &tail);
        std::erase(pipeline.waiting, &tail);
        tail.state = Tail::State::rewinding;
    }
    pipeline.probe.extent_failed(tail.path, extent, tail.retry_delay);
}

void Shard::settle(Pipeline& pipeline, Tail& tail) {
    if (tail.go_to) {
        tail.move_to(*std::exchange(tail.go_to, std::nullopt));
        pipeline.probe.offset_set(tail.path, tail.watermark.offset);
        make_ready(pipeline, tail);
    }
    if (tail.state == Tail::State::rewinding && !draining_ && !pipeline.retiring) rewind_later(pipeline, tail);
}

void Shard::rewind_later(Pipeline& pipeline, Tail& tail) {
    if (!tail.retry) tail.retry = std::make_unique<base::Timer>(loop_);
    tail.retry->after(tail.retry_delay, [this, &pipeline, &tail] {
        tail.rewind();
        tail.state = Tail::State::idle;
        make_ready(pipeline, tail);
    });
}

void Shard::sink_ready() {
    for (auto* pipeline : rotation_)
        for (auto* tail : std::exchange(pipeline->waiting, {})) {
            tail->state = Tail::State::idle;
            make_ready(*pipeline, *tail);
        }
}

// --- facts from the control thread
// -------------------------------------------------------------------------------------

base::Result<deliver::KafkaCluster*> Shard::cluster(const config::ClusterConfig& config) {
    auto& cluster = clusters_[config.name];
    if (cluster && cluster->config() != config) leaving_.push_back(std::move(cluster));
    if (!cluster) {
        auto made = deliver::KafkaCluster::create(loop_, config, *this, log_);
        if (!made) {
            clusters_.erase(config.name);
            return std::unexpected(made.error());
        }
        cluster = std::move(*made);
    }
    return cluster.get();
}

void Shard::add(std::unique_ptr<Pipeline> pipeline) {
    auto& added = pipelines_[pipeline->config.name];
    AGENT_ASSERT(!added);
    added = std::move(pipeline);
    rotation_.push_back(added.get());
}

void Shard::follow(const std::string& name, TailStart start) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end() || found->second->retiring) return;
    auto& pipeline = *found->second;
    const auto checkpoint = std::move(start.checkpoint);
    const bool at_end = start.at_end;
    auto tail = std::make_unique<Tail>(std::move(start), pipeline.line_limit);
    if (!tail->begin(checkpoint, at_end)) pipeline.probe.checkpoint_mismatched(tail->path, tail->file_id);
    if (checkpoint && checkpoint->file != tail->identity)  // its device has got another number
        checkpoints_.write({.changes = {{{name, checkpoint->file}, std::nullopt}}, .looked = {}},
                           checkpoint::Durability::host);
    tail->route = pipeline.sink->open_route({.path = tail->origin_path, .file_id = tail->file_id});
    pipeline.probe.file_opened(tail->path, tail->file_id, tail->watermark.offset);
    auto& followed = *tail;
    pipeline_of_tail_[followed.id] = &pipeline;
    pipeline.tails[followed.id] = std::move(tail);
    pipeline.probe.set_open_files(pipeline.tails.size());
    make_ready(pipeline, followed);
}

void Shard::wake(const std::vector<model::TailId>& tails) {
    for (const auto id : tails)
        if (auto* pipeline = pipeline_of(id)) make_ready(*pipeline, *pipeline->tails.at(id));
}

void Shard::moved(model::TailId id, const std::string& path) {
    auto* pipeline = pipeline_of(id);
    if (!pipeline) return;
    auto& tail = *pipeline->tails.at(id);
    if (!std::exchange(tail.rotated, true)) pipeline->probe.file_rotated(tail.path, path, tail.file_id);
    tail.path = path;
    tail.left = false;
    tail.dirty = true;
}

void Shard::left(model::TailId id) {
    auto* pipeline = pipeline_of(id);
    if (!pipeline) return;
    auto& tail = *pipeline->tails.at(id);
    tail.left = true;
    tail.grown_at = std::chrono::steady_clock::now();
    pipeline->probe.file_left(tail.path, tail.lag_bytes());
    make_ready(*pipeline, tail);
}

void Shard::set_memory_limit(std::size_t bytes) {
    const auto in_flight = budget_.bytes();
    budget_ = Budget(bytes);
    budget_.take(in_flight);
    schedule_turns();
}

Pipeline* Shard::pipeline_of(model::TailId tail) {
    const auto found = pipeline_of_tail_.find(tail);
    return found == pipeline_of_tail_.end() ? nullptr : found->second;
}

bool Shard::set_offset(const std::string& name, const model::FileIdentity& file, model::FileOffset offset) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return false;
    for (auto& [id, tail] : found->second->tails) {
        if (tail->identity != file) continue;
        tail->go_to = offset;
        if (!tail->has_in_flight()) settle(*found->second, *tail);
        return true;
    }
    return false;
}

// --- files that are gone
// -----------------------------------------------------------------------------------------------

void Shard::look_after_left_tails() {
    for (auto* pipeline : rotation_) {
        std::vector<Tail*> left;
        for (const auto& [id, tail] : pipeline->tails)
            if (tail->left) left.push_back(tail.get());
        for (auto* tail : left)
            if (!try_to_finish(*pipeline, *tail)) make_ready(*pipeline, *tail);
    }
    if (budget_.bytes() == 0) pool_.trim();
}

// A gone file is finished when everything of it is acknowledged and it did not grow for a while. Its last line may lack
// its ending: it is sent then, because nothing will complete it.
bool Shard::try_to_finish(Pipeline& pipeline, Tail& tail) {
    const auto about = tail.reader.look();
    const bool deleted = about && about->deleted;
    const auto quiet = std::chrono::steady_clock::now() - tail.grown_at;
    if (tail.has_in_flight() || tail.state != Tail::State::idle || draining_ || pipeline.retiring) return false;
    if (quiet < (deleted ? std::chrono::seconds(kDeletedQuiet) : std::chrono::seconds(kMovedQuiet))) return false;
    if (about && tail.reader.offset().value < about->size) {
        if (!tail.route->ready() || tail.reader.partial_bytes() == 0) return false;
        auto rest = tail.reader.read_partial_line(pool_);
        if (rest.status == read::ReadStatus::extent) {
            deliver_extent(pipeline, tail, std::move(rest.extent));
            return true;
        }
        return false;
    }
    close_tail(pipeline, tail, deleted);
    return true;
}

void Shard::close_tail(Pipeline& pipeline, Tail& tail, bool deleted) {
    const auto& name = pipeline.config.name;
    const auto checkpoint = deleted ? std::nullopt : std::optional(tail.checkpoint());
    checkpoints_.write({.changes = {{{name, tail.identity}, checkpoint}}, .looked = {}}, checkpoint::Durability::host);
    pipeline.probe.file_closed(tail.path, tail.file_id);
    finished_(name, tail.identity, checkpoint);
    pipeline_of_tail_.erase(tail.id);
    pipeline.tails.erase(tail.id);
    pipeline.probe.set_open_files(pipeline.tails.size());
}

// --- checkpoints, drain, status
// ----------------------------------------------------------------------------------------

void Shard::store_checkpoints(checkpoint::Durability durability) {
    unstored_bytes_ = 0;
    checkpoint::CheckpointBatch batch;
    for (auto* pipeline : rotation_) {
        for (auto& [id, tail] : pipeline->tails)
            if (std::exchange(tail->dirty, false))
                batch.changes[{pipeline->config.name, tail->identity}] = tail->checkpoint();
        pipeline->probe.set_in_flight(pipeline->window.bytes());
    }
    checkpoints_.write(std::move(batch), durability);
}

void Shard::retire(const std::string& name, std::chrono::milliseconds patience, base::Task retired) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return retired();
    auto& pipeline = *found->second;
    pipeline.retiring = true;
    pipeline.retired = std::move(retired);
    pipeline.patience = std::make_unique<base::Timer>(loop_);
    pipeline.patience->after(patience, [&pipeline, this] {
        log_.warn("pipeline did not drain: what is in flight is read again later",
                  {{"pipeline", pipeline.config.name}, {"in_flight_bytes", pipeline.window.bytes()}});
        for (auto& [cluster_name, cluster] : clusters_)
            if (cluster_name == pipeline.config.sink.cluster) cluster->let_go();
    });
    try_to_retire(pipeline);
}

void Shard::try_to_retire(Pipeline& pipeline) {
    if (pipeline.window.bytes() > 0 || !pipeline.retired) return;
    // Not from within a delivery of this very pipeline.
    loop_.post([this, name = pipeline.config.name, retired = std::exchange(pipeline.retired, nullptr)]() mutable {
        store_checkpoints(checkpoint::Durability::host);
        auto& leaving = *pipelines_.at(name);
        for (const auto& [id, tail] : leaving.tails) pipeline_of_tail_.erase(id);
        leaving.probe.set_open_files(0);
        std::erase(rotation_, &leaving);
        pipelines_.erase(name);
        retired();
    });
}

void Shard::drop_unused_clusters() {
    for (auto it = clusters_.begin(); it != clusters_.end();) {
        const bool used =
            std::ranges::any_of(rotation_, [&](const auto* p) { return p->config.sink.cluster == it->first; });
        it = used ? std::next(it) : clusters_.erase(it);
    }
    leaving_.clear();  // their pipelines were retired: nothing is in flight
}

void Shard::drain(std::chrono::milliseconds patience, base::Task drained) {
    draining_ = true;
    drained_ = std::move(drained);
    patience_timer_.after(patience, [this] {
        log_.warn("drain took too long: what is in flight is read again by the next start",
                  {{"in_flight_bytes", budget_.bytes()}});
        for (auto& [name, cluster] : clusters_) cluster->let_go();
    });
    check_drained();
}

void Shard::check_drained() {
    if (budget_.bytes() > 0 || !drained_) return;
    patience_timer_.cancel();
    loop_.post([this, drained = std::exchange(drained_, nullptr)]() mutable {
        store_checkpoints(checkpoint::Durability::host);
        drained();
    });
}

ShardStatus Shard::status() {
    ShardStatus status{.pipelines = {}, .in_flight_bytes = budget_.bytes(), .memory_limit_bytes = budget_.bytes_max()};
    for (auto* pipeline : rotation_) {
        auto& told = status.pipelines.emplace_back();
        told.name = pipeline->config.name;
        told.sink = pipeline->sink->status();
        told.lines_read = pipeline->probe.lines_read();
        told.records_acked = pipeline->probe.records_acked();
        told.in_flight_bytes = pipeline->window.bytes();
        for (const auto& [id, tail] : pipeline->tails) {
            const auto about = tail->reader.look();
            const std::uint64_t lag = tail->lag_bytes();
            static constexpr const char* kStates[] = {"idle", "reading", "waiting", "rewinding"};
            told.files.push_back({.identity = tail->identity,
                                  .path = tail->path,
                                  .size_bytes = about ? about->size : 0,
                                  .read_offset = tail->reader.offset(),
                                  .watermark = tail->watermark.offset,
                                  .lag_bytes = lag,
                                  .state = tail->left ? "gone" : kStates[static_cast<int>(tail->state)]});
            told.lag_bytes += lag;
            told.rewinding += tail->state == Tail::State::rewinding ? 1 : 0;
        }
        pipeline->probe.set_lag(told.lag_bytes);
        pipeline->probe.set_in_flight(pipeline->window.bytes());
        std::ranges::sort(told.files, {}, &FileStatus::path);
    }
    std::ranges::sort(status.pipelines, {}, &PipelineStatus::name);
    return status;
}

}  // namespace agent::pipeline
