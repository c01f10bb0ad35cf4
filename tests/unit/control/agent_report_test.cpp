#include "agent/control/agent_report.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace agent::control {
namespace {

using testing::HasSubstr;

const AboutAgent kAbout{.instance_id = "uid", .version = "1.2.3", .host_name = "host", .started_at = {}};

pipeline::ShardStatus some_status() {
    pipeline::ShardStatus status;
    status.pipelines.push_back({.name = "a",
                                .sink = {.type = "kafka", .target = "main/t", .healthy = true, .trouble = {}},
                                .books = {.lost = {1, 2, 3, 4}},
                                .records_rejected = 5,
                                .records_failed = 6,
                                .lag_bytes = 7});
    status.pipelines.push_back({.name = "b",
                                .sink = {.type = "kafka", .target = "main/u", .healthy = false, .trouble = "down"},
                                .lag_bytes = 10});
    return status;
}

config::Config some_config() {
    config::Config config;
    for (const std::string name : {"a", "b"}) {
        config::PipelineConfig pipeline{.name = name};
        pipeline.sink.cluster = "main";
        config.pipelines.push_back(pipeline);
    }
    return config;
}

TEST(AgentReport, TheDescriptionHasNamesAndLabels) {
    config::AgentConfig agent{.name = "web-01", .labels = {{"idc", "bj1"}}};
    const auto description = describe(kAbout, agent);
    EXPECT_EQ(description.identifying,
              (opamp::Attributes{
                  {"service.name", "venus-agent"}, {"service.instance.id", "uid"}, {"service.version", "1.2.3"}}));
    EXPECT_EQ(description.non_identifying,
              (opamp::Attributes{
                  {"agent.name", "web-01"}, {"host.name", "host"}, {"os.type", "linux"}, {"label.idc", "bj1"}}));
}

TEST(AgentReport, HealthIsATreeOfPipelinesSinksAndTheControlLink) {
    const auto health = health_of(kAbout, some_config(), some_status(), {.failed = {{"c", "no producer"}}}, {});
    EXPECT_FALSE(health.healthy);
    EXPECT_TRUE(health.components.at("pipeline/a").healthy);
    EXPECT_EQ(health.components.at("pipeline/b").last_error, "down");
    EXPECT_EQ(health.components.at("pipeline/c").last_error, "no producer");
    EXPECT_EQ(health.components.at("sink/main").last_error, "down");
    EXPECT_TRUE(health.components.at("control").healthy);
    EXPECT_EQ(health.last_error, "pipeline/b: down");
}

TEST(AgentReport, WithoutTroubleAllIsHealthy) {
    auto status = some_status();
    status.pipelines.pop_back();
    const auto health = health_of(kAbout, some_config(), status, {}, {});
    EXPECT_TRUE(health.healthy);
    EXPECT_TRUE(health.components.at("sink/main").healthy);
}

TEST(AgentReport, AShardThatDoesNotAnswerAndAFileThatWasRefusedAreTrouble) {
    EXPECT_THAT(health_of(kAbout, some_config(), std::nullopt, {}, {}).last_error, HasSubstr("do not answer"));
    EXPECT_THAT(
        health_of(kAbout, some_config(), some_status(), {.refused = "1 error"}, {}).components.at("control").last_error,
        HasSubstr("config refused: 1 error"));
}

TEST(AgentReport, AFileThatIsNotFollowedIsTroubleOfTheAgent) {
    auto status = some_status();
    status.pipelines.pop_back();
    auto health = health_of(kAbout, some_config(), status, {.unfollowed = {{"/a", "no permission"}}}, {});
    EXPECT_EQ(health.last_error, "files: no permission");
    health = health_of(kAbout, some_config(), status, {.unfollowed = {{"/a", "no permission"}, {"/b", "a loop"}}}, {});
    EXPECT_EQ(health.components.at("files").last_error, "no permission (and 1 more)");
}

TEST(AgentReport, StatisticsAreThoseOfAllPipelines) {
    const auto stats = boost::json::parse(stats_of(some_status(), 42));
    EXPECT_EQ(stats.at("lag_bytes").to_number<int>(), 17);
    EXPECT_EQ(stats.at("records_rejected").to_number<int>(), 5);
    EXPECT_EQ(stats.at("records_failed").to_number<int>(), 6);
    EXPECT_EQ(stats.at("lost_bytes").to_number<int>(), 10);
    EXPECT_EQ(stats.at("revision").to_number<int>(), 42);
}

}  // namespace
}  // namespace agent::control
