#include "agent/control/center_session.h"

#include <gmock/gmock.h>

#include "common/opamp/codec.h"

namespace agent::control {
namespace {

const std::string kUid(opamp::kInstanceUidBytes, 'u');

AgentReport some_report() {
    return {.description = {.identifying = {{"service.name", "venus-agent"}}, .non_identifying = {}},
            .health = {.healthy = true, .status = "running", .status_time_unix_ns = 1},
            .effective_config = {{"local.toml", {.body = "x", .content_type = "text/toml"}}},
            .config_status = {},
            .settings_status = {},
            .stats = "{}"};
}

opamp::ServerToAgent answer() {
    return {.instance_uid = kUid, .capabilities = ~0ULL};
}

struct Session : testing::Test {
    // One message and its answer.
    opamp::AgentToServer exchange(const AgentReport& now, const opamp::ServerToAgent& answered_by = answer()) {
        auto message = session.next(now);
        reaction = session.answered(answered_by);
        return message;
    }
    static bool is_idle(const opamp::AgentToServer& message) {
        return message == opamp::AgentToServer{.instance_uid = message.instance_uid,
                                               .sequence_num = message.sequence_num,
                                               .capabilities = message.capabilities};
    }

    CenterSession session{kUid};
    Reaction reaction;
    AgentReport report = some_report();
};

TEST_F(Session, TheFirstMessageHasAllAndTheNextNothing) {
    const auto first = exchange(report);
    EXPECT_EQ(first.instance_uid, kUid);
    EXPECT_EQ(first.sequence_num, 1U);
    EXPECT_EQ(first.description, report.description);
    EXPECT_EQ(first.health, report.health);
    EXPECT_EQ(first.effective_config, report.effective_config);
    EXPECT_EQ(first.remote_config_status, report.config_status);
    EXPECT_FALSE(reaction.wants_report);
    EXPECT_FALSE(session.has_news(report));
    const auto second = exchange(report);
    EXPECT_EQ(second.sequence_num, 2U);
    EXPECT_EQ(second.capabilities, first.capabilities);
    EXPECT_TRUE(is_idle(second));
}

TEST_F(Session, AnIdleHeartbeatHasLessThan60Bytes) {
    for (int i = 0; i < 100'000; ++i) (void)exchange(report);
    const auto idle = session.next(report);
    EXPECT_TRUE(is_idle(idle));
    EXPECT_GT(idle.sequence_num, 100'000U);
    EXPECT_LT(opamp::encode(idle).size(), 60U);
}

TEST_F(Session, OnlyWhatChangedIsTold) {
    (void)exchange(report);
    report.config_status = {.last_hash = "h", .status = opamp::ConfigStatus::applying, .error = {}};
    EXPECT_TRUE(session.has_news(report));
    const auto message = exchange(report);
    EXPECT_EQ(message.remote_config_status, report.config_status);
    EXPECT_FALSE(message.description || message.health || message.effective_config || message.custom_message);
    EXPECT_TRUE(is_idle(exchange(report)));
}

TEST_F(Session, SinceWhenAStateLastsIsNoChangeOfIt) {
    report.health.components["pipeline/a"] = {.healthy = true, .status_time_unix_ns = 1};
    (void)exchange(report);
    report.health.status_time_unix_ns = 2;
    report.health.components["pipeline/a"].status_time_unix_ns = 2;
    EXPECT_TRUE(is_idle(exchange(report)));
    report.health.components["pipeline/a"].healthy = false;
    EXPECT_EQ(exchange(report).health, report.health);
}

TEST_F(Session, AMessageThatWasLostIsMadeAnewOfThePresent) {
    (void)session.next(report);
    session.lost();
    report.config_status.last_hash = "later";
    const auto again = exchange(report);
    EXPECT_EQ(again.sequence_num, 2U);
    EXPECT_TRUE(again.description);
    EXPECT_EQ(again.remote_config_status->last_hash, "later");
    report.config_status.last_hash = "latest";
    (void)session.next(report);
    session.lost();
    EXPECT_EQ(exchange(report).remote_config_status->last_hash, "latest");
}

TEST_F(Session, AllIsToldWhenTheServerAsks) {
    (void)exchange(report);
    auto asking = answer();
    asking.flags = opamp::kReportFullState;
    EXPECT_TRUE(is_idle(exchange(report, asking)));
    EXPECT_TRUE(reaction.wants_report);
    const auto full = exchange(report);
    EXPECT_TRUE(full.description && full.health && full.effective_config && full.remote_config_status);
    EXPECT_FALSE(reaction.wants_report);
    EXPECT_TRUE(is_idle(exchange(report)));
}

TEST_F(Session, AServerThatAsksForAllAgainAndAgainGetsItWithTheHeartbeats) {
    auto asking = answer();
    asking.flags = opamp::kReportFullState;
    (void)exchange(report, asking);
    EXPECT_FALSE(reaction.wants_report);
    EXPECT_TRUE(exchange(report, asking).description);
    EXPECT_FALSE(reaction.wants_report);
}

TEST_F(Session, ANewUidIsTakenAndTheServerToldEverythingUnderIt) {
    (void)exchange(report);
    const std::string other(opamp::kInstanceUidBytes, 'n');
    auto renaming = answer();
    renaming.new_instance_uid = other;
    (void)exchange(report, renaming);
    EXPECT_EQ(reaction.new_uid, other);
    EXPECT_TRUE(reaction.wants_report);
    const auto message = session.next(report);
    EXPECT_EQ(message.instance_uid, other);
    EXPECT_TRUE(message.description);
}

TEST_F(Session, AUidThatIsNoneIsNotTaken) {
    auto renaming = answer();
    renaming.new_instance_uid = "short";
    (void)exchange(report, renaming);
    EXPECT_FALSE(reaction.new_uid);
    EXPECT_EQ(session.instance_uid(), kUid);
}

TEST_F(Session, AnErrorMeansThatTheMessageWasNotTaken) {
    auto refusing = answer();
    refusing.error = {.type = opamp::ErrorType::unavailable, .message = "busy", .retry_after_ns = 5'000'000'000};
    refusing.remote_config = opamp::RemoteConfig{.files = {}, .hash = "h"};
    refusing.flags = opamp::kReportFullState;
    (void)exchange(report, refusing);
    EXPECT_EQ(reaction.error, "busy");
    EXPECT_EQ(reaction.retry_after, std::chrono::seconds(5));
    EXPECT_FALSE(reaction.offered || reaction.wants_report);
    EXPECT_TRUE(exchange(report).description);
}

TEST_F(Session, AnAnswerForAnotherAgentIsNone) {
    auto other = answer();
    other.instance_uid = std::string(16, 'x');
    other.remote_config = opamp::RemoteConfig{.files = {}, .hash = "h"};
    (void)exchange(report, other);
    EXPECT_TRUE(reaction.error);
    EXPECT_FALSE(reaction.offered);
}

TEST_F(Session, AnOfferWithoutAHashGetsThatOfItsFiles) {
    auto offering = answer();
    offering.remote_config = opamp::RemoteConfig{.files = {{"a", {.body = "b", .content_type = ""}}}, .hash = ""};
    (void)exchange(report, offering);
    ASSERT_TRUE(reaction.offered);
    EXPECT_EQ(reaction.offered->hash.size(), 32U);
}

TEST_F(Session, StatisticsGoToAServerThatKnowsThemAndWhenTheyChange) {
    EXPECT_FALSE(exchange(report).custom_message);
    auto knowing = answer();
    knowing.custom_capabilities = {std::string(kStatsCapability)};
    EXPECT_FALSE(exchange(report, knowing).custom_message);
    const auto told = exchange(report);
    ASSERT_TRUE(told.custom_message);
    EXPECT_EQ(told.custom_message->body, "{}");
    EXPECT_TRUE(is_idle(exchange(report)));
    report.config_age = std::chrono::seconds(5);  // is no change, and told with one
    EXPECT_TRUE(is_idle(exchange(report)));
    report.stats = "{\"lag_bytes\":1}";
    EXPECT_FALSE(session.has_news(report));
    EXPECT_EQ(exchange(report).custom_message->body, "{\"lag_bytes\":1,\"config_age_seconds\":5}");
}

TEST_F(Session, AServerThatDoesNotTakeTheEffectiveConfigIsNotTold) {
    auto modest = answer();
    modest.capabilities = opamp::server_capability::kAcceptsStatus;
    (void)exchange(report, modest);
    report.effective_config.clear();
    EXPECT_FALSE(session.has_news(report));
    EXPECT_TRUE(is_idle(exchange(report, modest)));
}

TEST_F(Session, TheFarewellSaysThatTheAgentEnds) {
    (void)exchange(report);
    const auto farewell = session.farewell();
    EXPECT_TRUE(farewell.disconnects);
    EXPECT_EQ(farewell.sequence_num, 2U);
}

}  // namespace
}  // namespace agent::control
