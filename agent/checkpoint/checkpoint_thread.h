#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/checkpoint/checkpoint_store.h"
#include "common/base/event_loop.h"
#include "common/telemetry/log.h"

namespace agent::checkpoint {

// The thread that writes checkpoints; it decides nothing. Calls are carried out in the order in which they were made.
//
// Life: finishes what was asked for when destroyed. Thread: calls from any; answers come on this object's own thread,
// which is for posting them onward.
// A write that fails is kept and written again with the next one: the watermark only lags, nothing is lost.
class CheckpointThread {
 public:
    // On a manual clock it has no thread; what was not carried out when it is destroyed never is, as in a crash.
    CheckpointThread(std::unique_ptr<CheckpointStore> store, telemetry::Log& log, base::ManualClock* clock = nullptr);
    ~CheckpointThread();
    CheckpointThread(const CheckpointThread&) = delete;
    CheckpointThread& operator=(const CheckpointThread&) = delete;

    // An empty batch with `host` makes durable what was written before, where that is needed.
    void write(CheckpointBatch batch, Durability durability);
    void load(std::string pipeline, std::function<void(PipelineCheckpoints)> loaded);
    // For `checkpoints list`: what is durable.
    void visit(std::function<void(CheckpointStore&)> visitor);

    std::string trouble() const;  // why checkpoints cannot be written; "": they can. Thread: any.

 private:
    void write_now(CheckpointBatch batch, Durability durability);
    bool set_trouble(std::string why);  // whether it begins, or ends

    std::unique_ptr<CheckpointStore> store_;
    telemetry::Log& log_;
    CheckpointBatch unwritten_;
    mutable std::mutex trouble_mutex_;
    std::string trouble_;
    bool unsynced_ = false;  // something was written that the host's end would undo
    base::EventLoop loop_;
    std::thread thread_;
};

}  // namespace agent::checkpoint
