#include "agent/checkpoint/checkpoint_thread.h"

#include <future>
#include <memory>

#include <gmock/gmock.h>

#include "tests/unit/checkpoint/some_checkpoint.h"
#include "tests/unit/support/fake_store.h"

namespace agent::checkpoint {
namespace {

using test::Disk;
using test::FakeStore;
using testing::ElementsAre;
using testing::HasSubstr;

class CheckpointThreadTest : public testing::Test {
 protected:
    void write(std::uint64_t file, std::uint64_t watermark) {
        const auto checkpoint = some_checkpoint(file, watermark);
        thread->write({.changes = {{{"p", checkpoint.file}, checkpoint}}, .looked = {}}, Durability::host);
    }
    void forget(std::uint64_t file) {
        thread->write({.changes = {{{"p", some_checkpoint(file, 0).file}, std::nullopt}}, .looked = {}},
                      Durability::host);
    }
    std::map<std::uint64_t, std::uint64_t> stored() const {  // watermarks by inode
        std::map<std::uint64_t, std::uint64_t> found;
        for (const auto& [key, checkpoint] : disk->stored) found[key.second.inode] = checkpoint.watermark.value;
        return found;
    }
    PipelineCheckpoints load() {
        std::promise<PipelineCheckpoints> answer;
        thread->load("p", [&](PipelineCheckpoints loaded) { answer.set_value(std::move(loaded)); });
        return answer.get_future().get();
    }

    std::shared_ptr<Disk> disk = std::make_shared<Disk>();
    telemetry::Log log{{}};
    std::unique_ptr<CheckpointThread> thread =
        std::make_unique<CheckpointThread>(std::make_unique<FakeStore>(disk), log);
};

TEST_F(CheckpointThreadTest, WhatWasAskedForIsDoneBeforeItEnds) {
    for (std::uint64_t i = 0; i < 100; ++i) write(1, i);
    thread.reset();
    EXPECT_EQ(stored(), (std::map<std::uint64_t, std::uint64_t>{{1, 99}}));
}

TEST_F(CheckpointThreadTest, CallsAreCarriedOutInTheirOrder) {
    write(1, 10);
    const auto first = load();
    write(1, 20);
    const auto second = load();
    thread.reset();
    EXPECT_EQ(first.checkpoints.at(0).watermark.value, 10U);
    EXPECT_EQ(second.checkpoints.at(0).watermark.value, 20U);
    EXPECT_THAT(disk->calls, ElementsAre("write", "load p", "write", "load p"));
}

TEST_F(CheckpointThreadTest, AnEmptyBatchIsNotWritten) {
    thread->write({}, Durability::process);
    thread.reset();
    EXPECT_TRUE(disk->calls.empty());
}

TEST_F(CheckpointThreadTest, WhatCouldNotBeWrittenComesWithTheNextWriteAndTheNewestValueWins) {
    testing::internal::CaptureStderr();
    disk->failures = 2;
    write(1, 10);
    write(2, 10);
    write(1, 30);
    thread.reset();
    EXPECT_EQ(stored(), (std::map<std::uint64_t, std::uint64_t>{{1, 30}, {2, 10}}));
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(said.find("cannot be written"), said.rfind("cannot be written")) << "said once";
    EXPECT_THAT(said, HasSubstr("written again"));
}

TEST_F(CheckpointThreadTest, AForgottenCheckpointDoesNotComeBackWithAnOlderWrite) {
    write(1, 10);
    (void)load();
    disk->failures = 2;
    write(1, 20);
    forget(1);
    write(2, 5);
    thread.reset();
    EXPECT_EQ(stored(), (std::map<std::uint64_t, std::uint64_t>{{2, 5}}));
}

TEST_F(CheckpointThreadTest, TheMarkerOfAFailedWriteIsNotForgotten) {
    disk->failures = 1;
    thread->write({.changes = {}, .looked = {"p"}}, Durability::host);
    write(1, 1);
    EXPECT_TRUE(load().looked_before);
}

TEST_F(CheckpointThreadTest, AStoreThatCannotBeReadMeansReadingEverythingAgain) {
    disk->unreadable = true;
    const auto loaded = load();
    EXPECT_TRUE(loaded.checkpoints.empty());
    EXPECT_TRUE(loaded.looked_before) << "start_at = \"end\" must not skip what was never read";
}

}  // namespace
}  // namespace agent::checkpoint
