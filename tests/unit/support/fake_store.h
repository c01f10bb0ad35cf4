#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/checkpoint/checkpoint_store.h"

namespace test {

namespace checkpoint = agent::checkpoint;
namespace model = agent::model;

// What a test sees of the fake store, which dies with its thread.
struct Disk {
    std::map<checkpoint::CheckpointBatch::Key, model::Checkpoint> stored;
    std::set<std::string> looked;
    std::vector<std::string> calls;  // in the order in which they came
    int failures = 0;                // of the next writes
    bool unreadable = false;
};

class FakeStore : public checkpoint::CheckpointStore {
 public:
    explicit FakeStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

    base::Result<void> write(const checkpoint::CheckpointBatch& batch, checkpoint::Durability /*durability*/) override {
        disk_->calls.emplace_back("write");
        if (disk_->failures > 0) {
            --disk_->failures;
            return base::fail("cannot write checkpoints: no space");
        }
        for (const auto& [key, change] : batch.changes) {
            if (change)
                disk_->stored.insert_or_assign(key, *change);
            else
                disk_->stored.erase(key);
        }
        disk_->looked.insert(batch.looked.begin(), batch.looked.end());
        return {};
    }
    base::Result<checkpoint::PipelineCheckpoints> load(const std::string& pipeline) override {
        disk_->calls.push_back("load " + pipeline);
        if (disk_->unreadable) return base::fail("cannot read checkpoints");
        checkpoint::PipelineCheckpoints loaded{
            .checkpoints = {}, .looked_before = disk_->looked.contains(pipeline), .damage = {}};
        for (const auto& [key, checkpoint] : disk_->stored)
            if (key.first == pipeline) loaded.checkpoints.push_back(checkpoint);
        return loaded;
    }
    base::Result<std::vector<std::string>> pipelines() override {
        std::set<std::string> names;
        for (const auto& [key, checkpoint] : disk_->stored) names.insert(key.first);
        return std::vector(names.begin(), names.end());
    }

 private:
    std::shared_ptr<Disk> disk_;
};

}  // namespace test
