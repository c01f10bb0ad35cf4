#include "agent/admin/checkpoint_commands.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "tests/unit/checkpoint/some_checkpoint.h"
#include "tests/unit/support/fake_store.h"

namespace agent::admin {
namespace {

namespace json = boost::json;
using checkpoint::some_checkpoint;
using testing::HasSubstr;

class CheckpointCommandsTest : public testing::Test {
 protected:
    void add(const std::string& pipeline, const model::Checkpoint& checkpoint) {
        disk->stored[{pipeline, checkpoint.file}] = checkpoint;
    }
    base::Result<std::string> change(CheckpointChange change) { return change_checkpoint(store, change); }

    std::shared_ptr<test::Disk> disk = std::make_shared<test::Disk>();
    test::FakeStore store{disk};
};

TEST_F(CheckpointCommandsTest, TheListHasEveryCheckpoint) {
    add("a", some_checkpoint(1, 10));
    add("b", some_checkpoint(2, 20));
    const auto text = checkpoints_json(store);
    const auto report = json::parse(text);
    ASSERT_EQ(report.at("checkpoints").as_array().size(), 2U);
    const auto& first = report.at("checkpoints").at(0);
    EXPECT_EQ(first.at("pipeline").as_string(), "a");
    EXPECT_EQ(first.at("path").as_string(), some_checkpoint(1, 10).path);
    EXPECT_EQ(first.at("file_id").as_string(), some_checkpoint(1, 10).file.text());
    EXPECT_EQ(first.at("offset").to_number<int>(), 10);
    EXPECT_THAT(checkpoints_text(text).value(), HasSubstr(some_checkpoint(2, 20).path));
    for (const auto* other : {"no json", "{}", "[]", R"({"checkpoints": 1})"})
        EXPECT_FALSE(checkpoints_text(other)) << other;
}

TEST_F(CheckpointCommandsTest, TheListTellsOfDamage) {
    add("a", some_checkpoint(1, 10));
    disk->unreadable = true;
    EXPECT_THAT(checkpoints_text(checkpoints_json(store)).value(), HasSubstr("! cannot read checkpoints"));
}

TEST_F(CheckpointCommandsTest, AChangeIsReadAsItWasWritten) {
    const auto read =
        parse_change(change_json({.pipeline = "p", .file = "/a \"b\"", .offset = {~0ULL}, .forget = true}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->pipeline, "p");
    EXPECT_EQ(read->file, "/a \"b\"");
    EXPECT_EQ(read->offset.value, ~0ULL);
    EXPECT_TRUE(read->forget);
}

TEST_F(CheckpointCommandsTest, WhatIsNotAChangeIsRefused) {
    for (const auto* text :
         {"", "[]", "{}", R"({"pipeline":"p"})", R"({"pipeline":1,"file":"a","offset":1})",
          R"({"pipeline":"p","file":"a","offset":"1"})", R"({"pipeline":"p","file":"a","offset":-1})",
          R"({"pipeline":"p","file":"a","offset":1.5})"})
        EXPECT_FALSE(parse_change(text)) << text;
    EXPECT_TRUE(parse_change(R"({"pipeline":"p","file":"a","offset":0})"));
}

TEST_F(CheckpointCommandsTest, AnOffsetIsSetByPathOrByFileId) {
    add("p", some_checkpoint(1, 5000));
    for (const auto& name : {some_checkpoint(1, 0).path, some_checkpoint(1, 0).file.text()}) {
        ASSERT_TRUE(change({.pipeline = "p", .file = name, .offset = {2000}}));
        const auto& now = disk->stored.at({"p", some_checkpoint(1, 0).file});
        EXPECT_EQ(now.watermark.value, 2000U);
        EXPECT_EQ(now.anchor, model::Fingerprint{}) << "it was of other bytes";
        EXPECT_EQ(now.head, some_checkpoint(1, 0).head) << "it still holds";
    }
    ASSERT_TRUE(change({.pipeline = "p", .file = some_checkpoint(1, 0).path, .offset = {100}}));
    EXPECT_EQ(disk->stored.at({"p", some_checkpoint(1, 0).file}).head, model::Fingerprint{})
        << "longer than what is below";
}

TEST_F(CheckpointCommandsTest, AnOffsetThatIsCorrectedLeavesNothingBehind) {
    auto before = some_checkpoint(1, 50);
    before.seen = {60};
    add("p", before);
    ASSERT_TRUE(change({.pipeline = "p", .file = before.path, .offset = {9000}}));
    EXPECT_EQ(disk->stored.at({"p", before.file}).unread_bytes(), 0U);
    ASSERT_TRUE(change({.pipeline = "p", .file = before.path, .offset = {55}}));
    EXPECT_EQ(disk->stored.at({"p", before.file}).unread_bytes(), 5U);
}

TEST_F(CheckpointCommandsTest, ACheckpointIsForgotten) {
    add("p", some_checkpoint(1, 5000));
    add("q", some_checkpoint(1, 5000));
    EXPECT_THAT(*change({.pipeline = "p", .file = some_checkpoint(1, 0).path, .forget = true}), HasSubstr("forgot"));
    EXPECT_EQ(disk->stored.size(), 1U);
    EXPECT_FALSE(change({.pipeline = "p", .file = some_checkpoint(1, 0).path, .forget = true}));
}

TEST_F(CheckpointCommandsTest, ANameThatMeansSeveralFilesIsRefused) {
    auto other = some_checkpoint(2, 10);
    other.path = some_checkpoint(1, 0).path;
    add("p", some_checkpoint(1, 5000));
    add("p", other);
    const auto refused = change({.pipeline = "p", .file = other.path, .offset = {1}});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("several checkpoints"));
    EXPECT_TRUE(change({.pipeline = "p", .file = other.file.text(), .offset = {1}}));
}

TEST_F(CheckpointCommandsTest, AStoreThatFailsIsAnError) {
    add("p", some_checkpoint(1, 5000));
    disk->failures = 1;
    EXPECT_FALSE(change({.pipeline = "p", .file = some_checkpoint(1, 0).path, .offset = {1}}));
    disk->unreadable = true;
    EXPECT_FALSE(change({.pipeline = "p", .file = some_checkpoint(1, 0).path, .offset = {1}}));
}

TEST(CheckpointsText, APathThatWouldMoveTheCursorDoesNot) {
    const auto text =
        checkpoints_text(
            R"({"checkpoints": [{"pipeline": "p", "offset": 1, "file_id": "1-2-3", "path": "/a\u001b[2J"}], "damage": []})")
            .value();
    EXPECT_NE(text.find("/a?[2J"), std::string::npos) << text;
}

}  // namespace
}  // namespace agent::admin
