// The way of a line, and the way back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/checkpoint/checkpoint_thread.h"
#include "agent/deliver/kafka_cluster.h"
#include "agent/discover/discovery.h"
#include "agent/model/delivery_listener.h"
#include "agent/pipeline/budget.h"
#include "agent/pipeline/open_files.h"
#include "agent/pipeline/pipeline.h"
#include "agent/pipeline/shard_status.h"
#include "agent/read/buffer_pool.h"
#include "agent/split/splitter.h"
#include "common/base/event_loop.h"
#include "common/config/config.h"
#include "common/telemetry/log.h"

namespace agent::pipeline {

constexpr std::chrono::seconds kCheckpointInterval{1};
constexpr std::uint64_t kUnstoredBytesMax = 1 << 20;

enum class IsFollowed : std::uint8_t { no, yes };

// Owns the tails of its pipelines and everything that they need: no lock is taken on the way of a line. shard.cpp has
// that way and the way back; what the control thread tells, open files, generations, gone files, the end and the status
// have files of their own.
//
// Thread: its own, which run() is; the functions below `Facts` are posted to it by others. It drains with drain(),
// after which it reads nothing, and ends with stop(). Crash: a restart reads again from the last checkpoints, at most
// kCheckpointInterval and what was in flight old.
class Shard : public model::DeliveryListener {
 public:
    // `finished`: a tail is done with a file that is gone; its checkpoint, unless the file was deleted: it may come
    // into sight again. Called on the shard's thread.
    using TailFinished = std::function<void(const std::string& pipeline, const model::FileIdentity& file,
                                            std::optional<model::Checkpoint> checkpoint)>;

    Shard(std::size_t memory_limit, checkpoint::CheckpointThread& checkpoints, telemetry::Log& log,
          TailFinished finished, std::unique_ptr<discover::FileSystem> file_system, base::ManualClock* clock = nullptr);
    ~Shard() override;
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    base::EventLoop& loop() { return loop_; }

    // Facts. On the shard's thread.
    base::Result<deliver::KafkaCluster*> cluster(const config::ClusterConfig& config);  // made on first use
    void add(std::unique_ptr<Pipeline> pipeline);
    void follow(const std::string& pipeline, TailStart start);
    void wake(const std::vector<model::TailId>& tails);
    void look_at_all(discover::Sweep sweep);
    void moved(model::TailId tail, const std::string& path);
    void left(model::TailId tail);
    void file_missing(const std::string& pipeline, const model::Checkpoint& checkpoint);  // no path led to its file
    void set_limits(const config::AgentConfig& agent);

    // Reads nothing more for the pipeline, waits at most `patience` for what is in flight, stores its checkpoints,
    // drops it. `retired` gets the files that it had open.
    void retire(const std::string& pipeline, Successor successor, std::chrono::milliseconds patience, Retired retired);
    void drop_unused_clusters();
    base::Result<void> rehearse(const config::ClusterConfig& config);  // whether cluster() would have an error for it

    // Puts the tail's watermark to `offset`, once nothing of it is in flight. Errors: the file is shorter.
    base::Result<IsFollowed> set_offset(const std::string& pipeline, const model::FileIdentity& file,
                                        model::FileOffset offset);

    // Of the tails whose watermark moved. Else it happens once every kCheckpointInterval, and for the process's end
    // alone after every kUnstoredBytesMax acknowledged, so that a crash repeats little more than what was in flight.
    void store_checkpoints(checkpoint::Durability durability);

    // Finishes what is in flight, for at most `patience`, and stores the checkpoints.
    void drain(std::chrono::milliseconds patience, base::Task drained);
    ShardStatus status();

    // What passed of a pipeline since the last call, or a sample of it; see Tap. none: there is no such pipeline.
    std::optional<std::string> tap(const std::string& pipeline);

    // The way back.
    void extent_finished(model::ExtentPtr extent) override;
    void sink_ready() override;

 private:
    bool take_turn();
    void run_turns();
    void flush_sinks();
    void schedule_turns();
    Pipeline* next_pipeline();
    static Tail& take_ready(Pipeline& pipeline);
    bool waits_for_older(Pipeline& pipeline, Tail& tail);
    void release_newer(Pipeline& pipeline, Tail& tail);
    void look_at_last_line(Pipeline& pipeline, Tail& tail, const model::Extent& finished);
    void come_back(std::chrono::steady_clock::duration wait);
    void share_budget();
    bool is_limited(Pipeline& pipeline);
    void forget_taps();
    bool read_extent(Pipeline& pipeline, Tail& tail);
    bool take_extent(Pipeline& pipeline, Tail& tail, read::ReadResult result);
    enum class Borrowing : std::uint8_t { nothing, later, done };
    Borrowing borrow(const Pipeline& pipeline, const Tail& tail, model::Extent& extent);
    model::FileOffset seen_behind(const Pipeline& pipeline, Tail& tail, const read::ReadResult& result,
                                  Borrowing borrowing);
    bool wait_for_lines(Pipeline& pipeline, Tail& tail, read::ReadResult result);
    void wait_for_the_rest(Pipeline& pipeline, Tail& tail);
    void deliver_extent(Pipeline& pipeline, Tail& tail, model::ExtentPtr extent, const split::LineFaults& faults);
    void truncated(Pipeline& pipeline, Tail& tail);
    void make_ready(Pipeline& pipeline, Tail& tail);
    void wait_for_sink(Pipeline& pipeline, Tail& tail);

    void extent_delivered(Pipeline& pipeline, Tail& tail, const model::Extent& extent);
    bool extent_rejected(Pipeline& pipeline, Tail& tail, model::ExtentPtr& extent);
    static void make_records_again(Pipeline& pipeline, const Tail& tail, model::Extent& extent);
    void extent_failed(Pipeline& pipeline, Tail& tail, const model::Extent& extent);
    void settle(Pipeline& pipeline, Tail& tail);  // when nothing of it is in flight
    void rewind_later(Pipeline& pipeline, Tail& tail);

    enum class Opened : std::uint8_t { yes, no_room, no };
    Opened open_file(Pipeline& pipeline, Tail& tail);
    void file_opened(Pipeline& pipeline, Tail& tail, base::SharedFd fd);
    void begin(Pipeline& pipeline, Tail& tail);
    static void join_generations(Pipeline& pipeline, Tail& tail);
    void leave_generations(Pipeline& pipeline, Tail& tail);
    bool open_for_turn(Pipeline& pipeline, Tail& tail);
    void serve_wanting();
    bool close_resting_files();
    void pass_descriptors_on();
    void pass_descriptor_on(const Pipeline& pipeline, Tail& tail);
    void close_idle_files();
    void close_file(Tail& tail, const std::optional<discover::FileState>& as);
    bool is_asleep(Tail& tail);
    void wake(Pipeline& pipeline, Tail& tail);

    void look_after_left_tails();
    void give_up_deleted_files();
    void give_up(Pipeline& pipeline, Tail& tail);
    void lose_closed_file(Pipeline& pipeline, Tail& tail);
    bool try_to_finish(Pipeline& pipeline, Tail& tail);
    void close_tail(Pipeline& pipeline, Tail& tail, bool deleted);

    void try_to_retire(Pipeline& pipeline);
    void give_up_unseen_files(Pipeline& pipeline);
    void check_drained();
    Pipeline* pipeline_of(model::TailId tail);

    telemetry::Log& log_;
    TailFinished finished_;
    checkpoint::CheckpointThread& checkpoints_;
    base::EventLoop loop_;
    OpenFiles open_files_;
    Budget budget_;
    read::BufferPool pool_;
    std::map<std::string, std::unique_ptr<deliver::KafkaCluster>> clusters_;
    std::vector<std::unique_ptr<deliver::KafkaCluster>> leaving_;  // no pipeline delivers to them any more
    std::map<std::string, std::unique_ptr<Pipeline>> pipelines_;
    std::vector<Pipeline*> rotation_;
    std::size_t next_in_rotation_ = 0;
    std::size_t next_for_one_ = 0;  // of the turns that are anybody's
    std::uint64_t turns_ = 0;
    RateLimiter rate_{{}};
    CpuLimiter cpu_{0};
    std::unordered_map<model::TailId, Pipeline*> pipeline_of_tail_;
    std::uint64_t deleted_bytes_max_ = 0;
    std::uint64_t unstored_bytes_ = 0;  // acknowledged since the last store_checkpoints()
    std::optional<std::chrono::steady_clock::time_point> collecting_since_;  // the first delivery after a flush
    std::uint64_t sweeps_ = 0;
    bool descriptors_short_ = false;                           // some tail wants one
    std::chrono::steady_clock::time_point wanting_served_at_;  // or since when it is short
    bool turns_scheduled_ = false;
    bool draining_ = false;
    base::Task drained_;
    base::Timer checkpoint_timer_;
    base::Timer left_timer_;
    base::Timer idle_timer_;
    base::Timer throttle_timer_;  // the next turn after one that a limit forbade
    base::Timer patience_timer_;
};

}  // namespace agent::pipeline
