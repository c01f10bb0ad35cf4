// The agent's real stages on the history's own thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "agent/pipeline/pipeline_set.h"
#include "common/base/manual_clock.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/model.h"
#include "tests/simulation/sink.h"
#include "tests/simulation/store.h"

namespace simulation {

// Discovery, shard and the checkpoint thread's work above a simulated world. Its threads' tasks are run one at a time,
// in an order of the history's.
//
// Life: one for many starts and ends of the agent; what they leave behind is in the store.
class Agent {
 public:
    Agent(Disk& disk, Stored& stored, Cluster& cluster, Model& model, Random& random, base::ManualClock& clock,
          bool says_what_it_does);
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    void start(const config::Config& config);
    void apply(const config::Config& config);        // while it runs and no change is being made
    void crash();                                    // kill -9: what its threads have not done yet is never done
    void drain(std::chrono::milliseconds patience);  // the first half of a clean end
    bool drained() const { return drained_; }
    void end();  // the second

    bool runs() const { return set_ != nullptr; }
    bool is_changing() const { return changing_; }
    agent::pipeline::ShardStatus status();
    std::uint64_t counter(const std::string& name, const telemetry::MetricLabels& labels) {
        return registry_->counter(name, "", labels).value();
    }

    // Runs one task of some thread. False: there is none.
    bool poll();
    // Runs all that there are. False: they never end.
    bool settle();

 private:
    std::unique_ptr<agent::pipeline::Pipeline> build(const config::PipelineConfig& config,
                                                     agent::pipeline::Shard& shard, telemetry::Registry& registry);
    void forget();

    Disk& disk_;
    Stored& stored_;
    Cluster& cluster_;
    Model& model_;
    Random& random_;
    base::ManualClock& clock_;
    telemetry::Log log_;
    bool changing_ = false;
    bool drained_ = false;
    config::Config config_;
    std::unique_ptr<telemetry::Registry> registry_;
    std::unique_ptr<base::EventLoop> control_;
    std::unique_ptr<checkpoint::CheckpointThread> checkpoints_;
    std::unique_ptr<agent::pipeline::PipelineSet> set_;
};

}  // namespace simulation
