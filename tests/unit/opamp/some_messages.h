// Messages that have everything.
#pragma once

#include "common/opamp/messages.h"

namespace opamp {

inline AgentToServer full_report() {
    return {
        .instance_uid = std::string(kInstanceUidBytes, 'u'),
        .sequence_num = 1ULL << 40,
        .capabilities = agent_capability::kReportsStatus | agent_capability::kReportsConnectionSettingsStatus,
        .description = AgentDescription{.identifying = {{"service.name", "venus-agent"}},
                                        .non_identifying = {{"host.name", "web-01"}, {"label.idc", "bj1"}}},
        .health = ComponentHealth{.healthy = false,
                                  .start_time_unix_ns = 1,
                                  .last_error = "error",
                                  .status = "degraded",
                                  .status_time_unix_ns = 2,
                                  .components = {{"pipeline/nginx", {.healthy = true}},
                                                 {"sink/main", {.last_error = "down"}}}},
        .effective_config = ConfigFiles{{"a.toml", {.body = std::string("\0\xFF", 2), .content_type = "text/toml"}}},
        .remote_config_status = RemoteConfigStatus{.last_hash = "\xFF", .status = ConfigStatus::failed, .error = "e"},
        .disconnects = true,
        .flags = kRequestInstanceUid,
        .custom_capabilities = std::vector<std::string>{"a", "b"},
        .custom_message = CustomMessage{.capability = "a", .type = "t", .body = "{}"},
        .connection_settings_status =
            ConnectionSettingsStatus{.last_hash = "h", .status = ConfigStatus::applied, .error = ""}};
}

inline ServerToAgent full_answer() {
    return {
        .instance_uid = std::string(kInstanceUidBytes, 'u'),
        .error = ErrorResponse{.type = ErrorType::unavailable, .message = "later", .retry_after_ns = 1'000'000'000},
        .remote_config = RemoteConfig{.files = {{"pipelines/a.toml", {.body = "x = 1", .content_type = "text/toml"}},
                                                {"", {.body = "", .content_type = ""}}},
                                      .hash = "\xFF\x01"},
        .connection_settings = ConnectionSettings{.hash = "s",
                                                  .destination_endpoint = "https://other:4320/v1/opamp",
                                                  .headers = {{.key = "Authorization", .value = "Bearer x"}},
                                                  .heartbeat_interval_seconds = 30},
        .flags = kReportFullState,
        .capabilities = server_capability::kOffersRemoteConfig,
        .new_instance_uid = std::string(kInstanceUidBytes, 'n'),
        .has_command = true,
        .custom_capabilities = std::vector<std::string>{"a"},
        .custom_message = CustomMessage{.capability = "a", .type = "t", .body = "{}"}};
}

}  // namespace opamp
