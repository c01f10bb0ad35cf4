// Which pipelines run, and the threads' meeting point: discovery's finds become tails of the shard.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/checkpoint/checkpoint_thread.h"
#include "agent/discover/discovery.h"
#include "agent/discover/generation_unpacker.h"
#include "agent/pipeline/factory.h"
#include "agent/pipeline/shard.h"
#include "common/base/event_loop.h"
#include "common/config/config.h"

namespace agent::pipeline {

// Between two looks for checkpoints that are older than `checkpoint_retention`.
constexpr std::chrono::hours kStockInterval{1};

// What a simulation has in place of the world outside.
struct Outside {
    using Build = decltype(build_pipeline);

    base::ManualClock* clock = nullptr;  // the shard's loop is on it, and has no thread
    std::function<std::unique_ptr<discover::FileSystem>()> files = std::make_unique<discover::FileSystem>;
    std::function<Build> build = build_pipeline;
};

// Thread: the control thread. Owns the shard's thread.
class PipelineSet : public discover::DiscoveryListener {
 public:
    static base::Result<std::unique_ptr<PipelineSet>> create(base::EventLoop& control,
                                                             checkpoint::CheckpointThread& checkpoints,
                                                             telemetry::Registry& registry, telemetry::Log& log,
                                                             std::string session, std::size_t memory_limit,
                                                             Outside outside = {});
    ~PipelineSet() override;

    // Makes what runs what `config` says; pipelines that do not change are not touched. One change at a time: a config
    // that comes meanwhile waits, and only the latest one. `applied` is called once it, or a later one, runs.
    void apply(const config::Config& config, base::Task applied);

    // Makes what `config` would newly need and throws it away: answers on the control thread with the pipelines that
    // could not run, and why.
    void rehearse(const config::Config& config, std::function<void(std::map<std::string, std::string>)> answer);

    // Ends discovery, drains the shard for at most `patience`, stores checkpoints.
    void drain(std::chrono::milliseconds patience, base::Task drained);

    // Answers on the control thread.
    void status(std::function<void(ShardStatus)> answer);
    void set_offset(std::string pipeline, model::FileIdentity file, model::FileOffset offset,
                    std::function<void(base::Result<IsFollowed>)> answer);

    // Answers on the control thread with a sample of what passes; see Shard::tap().
    void tap(std::string pipeline, std::function<void(std::optional<std::string>)> answer);

    // Files that match and cannot be followed now, with the reason.
    std::map<std::string, std::string> unfollowed() const;

    // Pipelines that could not be built, with the reason.
    const std::map<std::string, std::string>& failed() const { return failed_; }

    void file_found(discover::FoundFile file) override;
    void files_changed(const std::vector<model::FileIdentity>& files) override;
    void swept(discover::Sweep sweep) override;
    void file_moved(const model::FileIdentity& file, const std::string& path) override;
    void file_left(const model::FileIdentity& file) override;

 private:
    struct Wanted {
        config::PipelineConfig pipeline;
        std::optional<config::ClusterConfig> cluster;
        AgentContext agent;
        std::uint64_t start = 0;  // tells this start of the pipeline from earlier ones

        bool same_as(const Wanted& other) const;
    };
    struct FollowedTail {
        model::TailId id;
        std::shared_ptr<Woken> woken;
    };

    PipelineSet(base::EventLoop& control, checkpoint::CheckpointThread& checkpoints, telemetry::Registry& registry,
                telemetry::Log& log, std::string session, std::size_t memory_limit, Outside outside);

    std::map<std::string, Wanted> wanted_by(const config::Config& config) const;
    void apply_now();
    void stop(const std::string& name, Successor successor, std::chrono::milliseconds patience, base::Task stopped);
    void start_all(std::map<std::string, Wanted> wanted);
    void start(const std::string& name, const Wanted& wanted, base::Task started);
    void begin_discovery(const std::string& name, checkpoint::PipelineCheckpoints checkpoints);
    void take_over(const std::string& name);
    bool is_followed(const std::string& pipeline, const model::FileIdentity& file) const;
    void follow_unseen(discover::FoundFile file);
    void take_stock(const std::string& name, checkpoint::CheckpointBatch batch);
    enum class Loss : std::uint8_t { none, to_be_told, told };  // where no compressed form is found
    void look_for_compressed(const std::string& name, model::Checkpoint checkpoint, Loss loss);
    void read_unpacked(const std::string& name, const model::Checkpoint& checkpoint,
                       discover::UnpackedGeneration unpacked);
    void tell_missing(const std::string& name, const std::vector<model::Checkpoint>& lost,
                      checkpoint::CheckpointBatch batch);
    void take_stock_of_strangers();
    void applied();
    void follow_found();
    void on_shard(base::Task task);
    void on_control(base::Task task);
    std::vector<FollowedTail> tails_of(const model::FileIdentity& file) const;

    base::EventLoop& control_;
    checkpoint::CheckpointThread& checkpoints_;
    telemetry::Registry& registry_;
    telemetry::Log& log_;
    std::string session_;
    Outside outside_;
    std::map<std::string, Wanted> running_;
    std::map<std::string, std::string> failed_;
    std::set<std::string> configured_;  // with those that are not enabled, or cannot run
    std::unordered_map<model::FileIdentity, std::map<std::string, FollowedTail>> tails_;  // by pipeline
    std::uint64_t next_tail_ = 1;
    std::vector<std::pair<std::string, TailStart>> found_;  // with their pipelines; not told to the shard yet
    std::uint64_t starts_ = 0;
    std::chrono::milliseconds checkpoint_retention_{0};
    std::string scratch_folder_;
    base::Timer stock_timer_;
    std::map<std::string, std::vector<StillOpen>> still_open_;  // by pipelines that changed, until they run again
    bool applying_ = false;
    bool draining_ = false;  // for good: discovery has ended
    std::optional<config::Config> pending_;
    std::vector<base::Task> waiting_for_pending_;
    std::vector<base::Task> waiting_for_present_;
    Shard shard_;
    std::unique_ptr<discover::Discovery> discovery_;
    discover::GenerationUnpacker unpacker_;
    std::thread thread_;                                     // the shard's
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // what comes to the control thread late finds it gone
};

}  // namespace agent::pipeline
