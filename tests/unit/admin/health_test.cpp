#include "agent/admin/health.h"

#include <gmock/gmock.h>

namespace agent::admin {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

TEST(Health, IsGoodWhenNobodyComplains) {
    pipeline::ShardStatus status;
    status.pipelines.push_back({.name = "p", .sink = {.type = "kafka", .target = "main/t", .trouble = {}}});
    EXPECT_TRUE(judge_health(status, {}, "").healthy());
    EXPECT_TRUE(judge_health({}, {}, "").healthy());
}

TEST(Health, NamesEveryReasonWithItsPipeline) {
    pipeline::ShardStatus status;
    status.pipelines.push_back({.name = "p", .sink = {.healthy = false, .trouble = "no broker for 12s"}});
    status.pipelines.push_back({.name = "q", .rewinding = 3});
    const auto health = judge_health(status, {{"r", "cannot make a producer"}}, "line 3: unknown key");
    EXPECT_FALSE(health.healthy());
    EXPECT_THAT(health.reasons, ElementsAre("config refused: line 3: unknown key", "pipeline r: cannot make a producer",
                                            "pipeline p: no broker for 12s",
                                            AllOf(HasSubstr("pipeline q: files that wait"), EndsWith(": 3"))));
}

}  // namespace
}  // namespace agent::admin
