#include "agent/admin/status_report.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace agent::admin {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

const AgentAbout kAbout{.name = "host-1",
                        .version = "0.1.0",
                        .session = "s-1",
                        .config_file = "/etc/venus-agent/agent.toml",
                        .uptime = std::chrono::seconds(77),
                        .store_set_aside = {}};

pipeline::ShardStatus some_status() {
    pipeline::ShardStatus status{.pipelines = {}, .in_flight_bytes = 2048, .memory_limit_bytes = 1 << 20};
    status.pipelines.push_back({.name = "nginx",
                                .sink = {.type = "kafka", .target = "main/raw", .trouble = {}},
                                .files = {{.identity = {.device = 1, .inode = 2, .generation = 3},
                                           .path = "/var/log/\"odd\".log",
                                           .size_bytes = 1000,
                                           .read_offset = {900},
                                           .watermark = {800},
                                           .lag_bytes = 200,
                                           .state = "reading"}},
                                .lines_read = 12,
                                .records_acked = 11,
                                .lag_bytes = 200,
                                .in_flight_bytes = 100});
    return status;
}

TEST(StatusReport, JsonHoldsWhatThereIsToKnow) {
    const auto report = json::parse(status_json(kAbout, some_status(), {}));
    EXPECT_EQ(report.at("name").as_string(), "host-1");
    EXPECT_EQ(report.at("health").as_string(), "healthy");
    EXPECT_EQ(report.at("uptime_seconds").to_number<int>(), 77);
    EXPECT_EQ(report.at("memory").at("in_flight_bytes").to_number<int>(), 2048);
    const auto& pipeline = report.at("pipelines").at(0);
    EXPECT_EQ(pipeline.at("name").as_string(), "nginx");
    EXPECT_TRUE(pipeline.at("healthy").as_bool());
    EXPECT_EQ(pipeline.at("lines_read").to_number<int>(), 12);
    const auto& file = pipeline.at("files").at(0);
    EXPECT_EQ(file.at("path").as_string(), "/var/log/\"odd\".log");
    EXPECT_EQ(file.at("file_id").as_string(), "1-2-3");
    EXPECT_EQ(file.at("offset").to_number<int>(), 800);
    EXPECT_EQ(file.at("read_offset").to_number<int>(), 900);
    EXPECT_EQ(file.at("lag").to_number<int>(), 200);
}

TEST(StatusReport, TextTellsThePipelinesAndTheirFiles) {
    const auto text = status_text(status_json(kAbout, some_status(), {})).value();
    EXPECT_THAT(text, HasSubstr("host-1 0.1.0  healthy  up 77 s"));
    EXPECT_THAT(text, HasSubstr("in flight 2.0 KiB of 1.0 MiB"));
    EXPECT_THAT(text, HasSubstr("PIPELINE  LINES READ  RECORDS ACKED    LAG  IN FLIGHT  STATE    SINK\n"
                                "nginx             12             11  200 B      100 B  healthy  kafka main/raw\n"));
    EXPECT_THAT(text, HasSubstr("  OFFSET  SIZE    LAG  STATE    FILE\n"
                                "     800  1000  200 B  reading  /var/log/\"odd\".log\n"));
    EXPECT_THAT(text, HasSubstr("/var/log/\"odd\".log"));
    EXPECT_THAT(text, Not(HasSubstr("!")));
}

TEST(StatusReport, WhatWasDroppedAndLostIsInTheText) {
    auto status = some_status();
    auto& pipeline = status.pipelines[0];
    EXPECT_THAT(status_text(status_json(kAbout, status, {})).value(),
                Not(testing::AnyOf(HasSubstr("LOST"), HasSubstr("dropped"))));
    pipeline.losses = 1;
    EXPECT_THAT(status_text(status_json(kAbout, status, {})).value(), HasSubstr("LOST perhaps something, 1 time ("));
    pipeline.losses = 3;
    pipeline.books.lost_for(model::LossReason::truncated) = 2048;
    pipeline.books.lost_for(model::LossReason::deleted) = 1024;
    pipeline.books.dropped_for(model::DropReason::long_line) = 100;
    const auto text = status_text(status_json(kAbout, status, {})).value();
    EXPECT_THAT(text, HasSubstr("LOST 3.0 KiB (truncated, deleted), 3 times ("));
    EXPECT_THAT(text, HasSubstr("dropped 100 B (long_line)"));
}

TEST(StatusReport, TextShowsTheFilesWithMostLagAndCountsTheRest) {
    auto status = some_status();
    auto& files = status.pipelines[0].files;
    const auto file = files[0];
    files.clear();
    for (std::uint64_t i = 0; i < 30; ++i) {
        files.push_back(file);
        files.back().path = "/f" + std::to_string(i) + ".log";
        files.back().lag_bytes = i;
    }
    const auto text = status_text(status_json(kAbout, status, {})).value();
    EXPECT_THAT(text, HasSubstr("/f29.log"));
    EXPECT_THAT(text, Not(HasSubstr("/f9.log")));
    EXPECT_THAT(text, HasSubstr("10 more with less lag"));
    EXPECT_LT(text.find("/f29.log"), text.find("/f28.log"));
}

TEST(StatusReport, ANameThatWouldMoveTheCursorDoesNot) {
    auto status = some_status();
    status.pipelines[0].files[0].path = "/var/log/\x1b[2J\x07.log";
    EXPECT_THAT(status_text(status_json(kAbout, status, {.reasons = {"no \x1b[31m"}})).value(),
                testing::AllOf(HasSubstr("/var/log/?[2J?.log"), HasSubstr("! no ?[31m"), Not(HasSubstr("\x1b"))));
}

TEST(StatusReport, APipelineWithoutFilesSaysSo) {
    auto status = some_status();
    status.pipelines[0].files.clear();
    EXPECT_THAT(status_text(status_json(kAbout, status, {})).value(), HasSubstr("no file matches yet"));
}

TEST(StatusReport, DegradedIsSaidWithItsReasons) {
    auto status = some_status();
    status.pipelines[0].sink.healthy = false;
    const auto report = status_json(kAbout, status, {.reasons = {"pipeline nginx: no broker"}});
    EXPECT_THAT(status_text(report).value(), HasSubstr("DEGRADED"));
    EXPECT_THAT(status_text(report).value(), HasSubstr("! pipeline nginx: no broker"));
    EXPECT_EQ(status_exit_code(report), 3);
}

TEST(StatusReport, TheExitCodeIsZeroOnlyForAHealthyAgent) {
    EXPECT_EQ(status_exit_code(status_json(kAbout, some_status(), {})), 0);
    EXPECT_EQ(status_exit_code("no json"), 1);
    EXPECT_EQ(status_exit_code(""), 1);
    EXPECT_FALSE(status_text("no json"));
}

TEST(StatusReport, JsonOfAnotherShapeIsNotAStatus) {
    for (const auto* other : {"{}", "[]", "null", R"({"health": 1})"}) {
        EXPECT_EQ(status_exit_code(other), 1) << other;
        EXPECT_FALSE(status_text(other)) << other;
    }
}

}  // namespace
}  // namespace agent::admin
