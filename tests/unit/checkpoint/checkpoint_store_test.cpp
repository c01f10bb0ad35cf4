#include "agent/checkpoint/checkpoint_store.h"

#include <gtest/gtest.h>

#include "tests/unit/checkpoint/some_checkpoint.h"
#include "tests/unit/support/fake_store.h"

namespace agent::checkpoint {
namespace {

constexpr std::chrono::milliseconds kRetention{1000};

TEST(AgeStrangers, ARemovedPipelinesCheckpointsAreMissingAndForgottenAfterTheirRetention) {
    auto disk = std::make_shared<test::Disk>();
    test::FakeStore store(disk);
    auto checkpoint = some_checkpoint(1, 10);
    checkpoint.unowned_ms = 0;
    const CheckpointBatch::Key ours{"ours", checkpoint.file};
    const CheckpointBatch::Key removed{"removed", checkpoint.file};
    disk->stored = {{ours, checkpoint}, {removed, checkpoint}};

    age_strangers(store, {"ours"}, 5000, kRetention);
    EXPECT_EQ(disk->stored.at(ours), checkpoint);
    EXPECT_EQ(disk->stored.at(removed).unowned_ms, 5000U);
    age_strangers(store, {"ours"}, 5999, kRetention);
    EXPECT_TRUE(disk->stored.contains(removed));
    age_strangers(store, {"ours"}, 6000, kRetention);
    EXPECT_FALSE(disk->stored.contains(removed));
    EXPECT_TRUE(disk->stored.contains(ours));
}

TEST(AgeStrangers, AStoreThatCannotBeReadIsLeftAlone) {
    auto disk = std::make_shared<test::Disk>();
    test::FakeStore store(disk);
    disk->stored = {{{"removed", {}}, some_checkpoint(1, 10)}};
    disk->unreadable = true;
    age_strangers(store, {}, 5000, kRetention);
    EXPECT_EQ(disk->stored.size(), 1U);
}

}  // namespace
}  // namespace agent::checkpoint
