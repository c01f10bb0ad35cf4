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

TEST(Health, ACenterThatRefusesTheAgentIsAReason) {
    model::CenterStatus center{.connected = true, .last_contact = {}, .config_age = {}};
    EXPECT_EQ(trouble_of(std::nullopt), "");
    EXPECT_EQ(trouble_of(center), "");
    center = {.last_contact = {}, .denied = true, .error = "401: the token is unknown", .config_age = {}};
    EXPECT_EQ(trouble_of(center), "the center refuses this agent: 401: the token is unknown");
}

TEST(Health, ACenterOutOfReachIsAReasonWhereNothingOfItRuns) {
    model::CenterStatus center{.last_contact = {}, .error = "connection refused", .config_age = {}};
    EXPECT_THAT(trouble_of(center), testing::StartsWith("the center was never reached"));
    center.effective_hash = "ab";
    EXPECT_EQ(trouble_of(center), "") << "the last known good config does";
    center.effective_hash = "";
    center.last_contact = std::chrono::seconds(3);
    EXPECT_EQ(trouble_of(center), "");
}

}  // namespace
}  // namespace agent::admin
