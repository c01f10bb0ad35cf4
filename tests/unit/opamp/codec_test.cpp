#include "common/opamp/codec.h"

#include <gtest/gtest.h>

#include "tests/unit/opamp/some_messages.h"

namespace opamp {
namespace {

using namespace std::string_literals;

// A length-delimited field, as protobuf has it: tag, length, bytes.
std::string field(unsigned number, const std::string& bytes) {
    return std::string(1, static_cast<char>((number << 3U) | 2U)) + static_cast<char>(bytes.size()) + bytes;
}

TEST(Codec, AnIdleHeartbeatIsUidSequenceNumberAndCapabilitiesUnderTheirNumbers) {
    const AgentToServer heartbeat{
        .instance_uid = std::string(16, 'u'), .sequence_num = 300, .capabilities = agent_capability::kReportsHeartbeat};
    const auto expected = field(1, std::string(16, 'u')) + "\x10\xAC\x02" + "\x20\x80\x40";
    EXPECT_EQ(encode(heartbeat), expected);
    EXPECT_LT(expected.size(), 60U);
}

TEST(Codec, EachFieldOfAnAgentsMessageHasTheSpecificationsNumber) {
    const auto attribute = field(1, "k") + field(2, field(1, "v"));
    EXPECT_EQ(
        encode(AgentToServer{.description = AgentDescription{.identifying = {{"k", "v"}}, .non_identifying = {}}}),
        field(3, field(1, attribute)));
    EXPECT_EQ(
        encode(AgentToServer{.description = AgentDescription{.identifying = {}, .non_identifying = {{"k", "v"}}}}),
        field(3, field(2, attribute)));
    EXPECT_EQ(encode(AgentToServer{.health = ComponentHealth{.healthy = true,
                                                             .start_time_unix_ns = 1,
                                                             .last_error = "e",
                                                             .status = "s",
                                                             .status_time_unix_ns = 2,
                                                             .components = {{"c", ComponentHealth{}}}}}),
              field(5, "\x08\x01"s + "\x11\x01\0\0\0\0\0\0\0"s + field(3, "e") + field(4, "s") +
                           "\x29\x02\0\0\0\0\0\0\0"s + field(6, field(1, "c") + field(2, ""))));
    EXPECT_EQ(encode(AgentToServer{.effective_config = ConfigFiles{{"n", {.body = "b", .content_type = "t"}}}}),
              field(6, field(1, field(1, field(1, "n") + field(2, field(1, "b") + field(2, "t"))))));
    EXPECT_EQ(
        encode(AgentToServer{.remote_config_status =
                                 RemoteConfigStatus{.last_hash = "h", .status = ConfigStatus::failed, .error = "e"}}),
        field(7, field(1, "h") + "\x10\x03" + field(3, "e")));
    EXPECT_EQ(encode(AgentToServer{.disconnects = true}), field(9, ""));
    EXPECT_EQ(encode(AgentToServer{.flags = kRequestInstanceUid}), "\x50\x01");
    EXPECT_EQ(encode(AgentToServer{.custom_capabilities = std::vector<std::string>{"c"}}), field(12, field(1, "c")));
    EXPECT_EQ(encode(AgentToServer{.custom_message = CustomMessage{.capability = "c", .type = "t", .body = "b"}}),
              field(13, field(1, "c") + field(2, "t") + field(3, "b")));
    EXPECT_EQ(encode(AgentToServer{
                  .connection_settings_status =
                      ConnectionSettingsStatus{.last_hash = "h", .status = ConfigStatus::applied, .error = ""}}),
              field(15, field(1, "h") + "\x10\x01"));
}

TEST(Codec, EachFieldOfAServersMessageHasTheSpecificationsNumber) {
    EXPECT_EQ(encode(ServerToAgent{.instance_uid = "u"}), field(1, "u"));
    EXPECT_EQ(encode(ServerToAgent{
                  .error = ErrorResponse{.type = ErrorType::unavailable, .message = "m", .retry_after_ns = 5}}),
              field(2, "\x08\x02" + field(2, "m") + field(3, "\x08\x05")));
    EXPECT_EQ(encode(ServerToAgent{.remote_config =
                                       RemoteConfig{.files = {{"n", {.body = "b", .content_type = ""}}}, .hash = "h"}}),
              field(3, field(1, field(1, field(1, "n") + field(2, field(1, "b")))) + field(2, "h")));
    EXPECT_EQ(encode(ServerToAgent{.connection_settings = ConnectionSettings{.hash = "h",
                                                                             .destination_endpoint = "d",
                                                                             .headers = {{.key = "k", .value = "v"}},
                                                                             .heartbeat_interval_seconds = 7}}),
              field(4, field(1, "h") +
                           field(2, field(1, "d") + field(2, field(1, field(1, "k") + field(2, "v"))) + "\x20\x07")));
    EXPECT_EQ(encode(ServerToAgent{.flags = kReportFullState}), "\x30\x01");
    EXPECT_EQ(encode(ServerToAgent{.capabilities = server_capability::kOffersRemoteConfig}), "\x38\x02");
    EXPECT_EQ(encode(ServerToAgent{.new_instance_uid = "n"}), field(8, field(1, "n")));
    EXPECT_EQ(encode(ServerToAgent{.has_command = true}), field(9, ""));
    EXPECT_EQ(encode(ServerToAgent{.custom_capabilities = std::vector<std::string>{"c"}}), field(10, field(1, "c")));
    EXPECT_EQ(encode(ServerToAgent{.custom_message = CustomMessage{.capability = "c", .type = "t", .body = "b"}}),
              field(11, field(1, "c") + field(2, "t") + field(3, "b")));
}

TEST(Codec, AMessageThatHasEverythingComesBack) {
    EXPECT_EQ(decode_agent_to_server(encode(full_report())), full_report());
    EXPECT_EQ(decode_server_to_agent(encode(full_answer())), full_answer());
    EXPECT_EQ(decode_agent_to_server(""), AgentToServer{});
    EXPECT_EQ(decode_server_to_agent(""), ServerToAgent{});
}

TEST(Codec, WhatIsPresentButEmptyIsNotWhatIsAbsent) {
    const AgentToServer report{.effective_config = ConfigFiles{}, .custom_capabilities = std::vector<std::string>{}};
    EXPECT_EQ(decode_agent_to_server(encode(report)), report);
    const ServerToAgent answer{.remote_config = RemoteConfig{}, .new_instance_uid = ""};
    EXPECT_EQ(decode_server_to_agent(encode(answer)), answer);
}

TEST(Codec, TheSameMessageIsAlwaysTheSameBytes) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(encode(full_report()), encode(full_report()));
}

TEST(Codec, CutOffAnywhereAMessageIsReadOrRefused) {
    const auto report = encode(full_report());
    const auto answer = encode(full_answer());
    for (std::size_t size = 0; size < report.size(); ++size) (void)decode_agent_to_server(report.substr(0, size));
    for (std::size_t size = 0; size < answer.size(); ++size) (void)decode_server_to_agent(answer.substr(0, size));
    EXPECT_FALSE(decode_agent_to_server(report.substr(0, report.size() - 1)));
    EXPECT_FALSE(decode_server_to_agent(answer.substr(0, answer.size() - 1)));
}

TEST(Codec, WithAnyBitFlippedAMessageIsReadOrRefused) {
    const auto report = encode(full_report());
    for (std::size_t bit = 0; bit < report.size() * 8; ++bit) {
        auto damaged = report;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        (void)decode_agent_to_server(damaged);
        (void)decode_server_to_agent(damaged);
    }
}

TEST(Codec, FieldsThatWeDoNotKnowAreSkipped) {
    const auto packages = field(8, field(2, "hash"));  // package_statuses
    EXPECT_EQ(decode_agent_to_server(packages + encode(full_report())), full_report());
    EXPECT_EQ(decode_server_to_agent(field(5, "packages_available") + encode(full_answer())), full_answer());
}

TEST(Codec, AValueThatWeDoNotKnowIsNone) {
    EXPECT_EQ(decode_agent_to_server(field(7, "\x10\x63"))->remote_config_status->status, ConfigStatus::unset);
    EXPECT_EQ(decode_server_to_agent(field(2, "\x08\x63"))->error->type, ErrorType::unknown);
}

TEST(Codec, AttributesOfOtherTypesAreShownAsText) {
    const auto description = field(1, field(1, "bool") + field(2, "\x10\x01")) +
                             field(1, field(1, "int") + field(2, "\x18\x07")) +
                             field(1, field(1, "list") + field(2, field(5, "")));
    EXPECT_EQ(decode_agent_to_server(field(3, description))->description->identifying,
              (Attributes{{"bool", "true"}, {"int", "7"}}));
}

TEST(Codec, HealthThatIsNestedTooDeepIsRefused) {
    ComponentHealth health;
    for (int i = 0; i < 1000; ++i) {
        ComponentHealth around;
        around.components.emplace("c", std::move(health));
        health = std::move(around);
    }
    EXPECT_FALSE(decode_agent_to_server(encode(AgentToServer{.health = health})));
}

TEST(Codec, TextThatIsNotUtf8IsSentWithReplacementCharacters) {
    const auto bytes = encode(AgentToServer{.health = ComponentHealth{.last_error = "a\xFF"}});
    EXPECT_EQ(decode_agent_to_server(bytes)->health->last_error, "a\xEF\xBF\xBD");
}

TEST(Codec, MoreThanTheLimitIsRefusedUnread) {
    const auto refused = decode_agent_to_server(std::string(kInflatedBytesMax + 1, '\0'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "cannot read an agent's message: 16777217 bytes (at most 16777216)");
}

}  // namespace
}  // namespace opamp
