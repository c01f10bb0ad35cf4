// A checkpoint store whose host may lose its power.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "agent/checkpoint/checkpoint_store.h"
#include "tests/simulation/model.h"

namespace simulation {

namespace checkpoint = agent::checkpoint;

// What is left of the store when the agent is gone.
struct Stored {
    struct State {
        std::map<checkpoint::CheckpointBatch::Key, model::Checkpoint> checkpoints;
        std::set<std::string> looked;
    };
    State now;      // survives the process
    State durable;  // survives the host
    bool fails = false;
};

class Store : public checkpoint::CheckpointStore {
 public:
    Store(Stored& stored, Model& model) : stored_(stored), model_(model) {}

    base::Result<void> write(const checkpoint::CheckpointBatch& batch, checkpoint::Durability durability) override {
        if (stored_.fails) return base::fail("cannot write checkpoints: no space");
        for (const auto& [key, change] : batch.changes) {
            if (change) {
                model_.stored(key.first, *change);
                stored_.now.checkpoints.insert_or_assign(key, *change);
            } else {
                stored_.now.checkpoints.erase(key);
            }
        }
        stored_.now.looked.insert(batch.looked.begin(), batch.looked.end());
        if (durability == checkpoint::Durability::host) stored_.durable = stored_.now;
        return {};
    }

    base::Result<checkpoint::PipelineCheckpoints> load(const std::string& pipeline) override {
        checkpoint::PipelineCheckpoints loaded{
            .checkpoints = {}, .looked_before = stored_.now.looked.contains(pipeline), .damage = {}};
        for (const auto& [key, checkpoint] : stored_.now.checkpoints)
            if (key.first == pipeline) loaded.checkpoints.push_back(checkpoint);
        model_.pipeline_loaded(pipeline, loaded);
        return loaded;
    }

    base::Result<std::vector<std::string>> pipelines() override { return std::vector<std::string>{}; }

 private:
    Stored& stored_;
    Model& model_;
};

}  // namespace simulation
