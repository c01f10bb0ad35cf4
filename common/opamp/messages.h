// The messages of OpAMP (Open Agent Management Protocol) that agent and center speak, as values. A member that is not
// there was not sent: by the protocol it has not changed.
//
// opamp/codec.h makes bytes of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opamp {

constexpr std::size_t kInstanceUidBytes = 16;

// The bits of AgentToServer::capabilities.
namespace agent_capability {
constexpr std::uint64_t kReportsStatus = 0x1;
constexpr std::uint64_t kAcceptsRemoteConfig = 0x2;
constexpr std::uint64_t kReportsEffectiveConfig = 0x4;
constexpr std::uint64_t kAcceptsOpampConnectionSettings = 0x100;
constexpr std::uint64_t kReportsHealth = 0x800;
constexpr std::uint64_t kReportsRemoteConfig = 0x1000;
constexpr std::uint64_t kReportsHeartbeat = 0x2000;
constexpr std::uint64_t kReportsConnectionSettingsStatus = 0x8000;
}  // namespace agent_capability

// The bits of ServerToAgent::capabilities.
namespace server_capability {
constexpr std::uint64_t kAcceptsStatus = 0x1;
constexpr std::uint64_t kOffersRemoteConfig = 0x2;
constexpr std::uint64_t kAcceptsEffectiveConfig = 0x4;
constexpr std::uint64_t kOffersConnectionSettings = 0x20;
}  // namespace server_capability

constexpr std::uint64_t kRequestInstanceUid = 0x1;  // a bit of AgentToServer::flags
constexpr std::uint64_t kReportFullState = 0x1;     // a bit of ServerToAgent::flags

// Values are shown as text, whatever their type on the wire; lists and tables are left out.
using Attributes = std::map<std::string, std::string>;

struct AgentDescription {
    Attributes identifying;
    Attributes non_identifying;

    friend bool operator==(const AgentDescription&, const AgentDescription&) = default;
};

struct ComponentHealth {
    bool healthy = false;
    std::uint64_t start_time_unix_ns = 0;
    std::string last_error;
    std::string status;
    std::uint64_t status_time_unix_ns = 0;
    std::map<std::string, ComponentHealth> components;

    friend bool operator==(const ComponentHealth&, const ComponentHealth&) = default;
};

struct ConfigFile {
    std::string body;
    std::string content_type;

    friend bool operator==(const ConfigFile&, const ConfigFile&) = default;
};
using ConfigFiles = std::map<std::string, ConfigFile>;

enum class ConfigStatus : std::uint8_t { unset = 0, applied = 1, applying = 2, failed = 3 };

constexpr std::string_view word_of(ConfigStatus status) {
    switch (status) {
        case ConfigStatus::unset:
            return "unset";
        case ConfigStatus::applied:
            return "applied";
        case ConfigStatus::applying:
            return "applying";
        case ConfigStatus::failed:
            return "failed";
    }
    return "";
}

struct RemoteConfigStatus {
    std::string last_hash;
    ConfigStatus status = ConfigStatus::unset;
    std::string error;

    friend bool operator==(const RemoteConfigStatus&, const RemoteConfigStatus&) = default;
};

struct ConnectionSettingsStatus {
    std::string last_hash;
    ConfigStatus status = ConfigStatus::unset;
    std::string error;

    friend bool operator==(const ConnectionSettingsStatus&, const ConnectionSettingsStatus&) = default;
};

struct CustomMessage {
    std::string capability;
    std::string type;
    std::string body;

    friend bool operator==(const CustomMessage&, const CustomMessage&) = default;
};

struct AgentToServer {
    std::string instance_uid;
    std::uint64_t sequence_num = 0;
    std::uint64_t capabilities = 0;
    std::optional<AgentDescription> description;
    std::optional<ComponentHealth> health;
    std::optional<ConfigFiles> effective_config;
    std::optional<RemoteConfigStatus> remote_config_status;
    bool disconnects = false;
    std::uint64_t flags = 0;
    std::optional<std::vector<std::string>> custom_capabilities;
    std::optional<CustomMessage> custom_message;
    std::optional<ConnectionSettingsStatus> connection_settings_status;

    friend bool operator==(const AgentToServer&, const AgentToServer&) = default;
};

enum class ErrorType : std::uint8_t { unknown = 0, bad_request = 1, unavailable = 2 };

struct ErrorResponse {
    ErrorType type = ErrorType::unknown;
    std::string message;
    std::optional<std::uint64_t> retry_after_ns;

    friend bool operator==(const ErrorResponse&, const ErrorResponse&) = default;
};

struct RemoteConfig {
    ConfigFiles files;
    std::string hash;

    friend bool operator==(const RemoteConfig&, const RemoteConfig&) = default;
};

struct Header {
    std::string key;
    std::string value;

    friend bool operator==(const Header&, const Header&) = default;
};

// What the server wants of the connection to itself. Offers for other connections are not looked at.
struct ConnectionSettings {
    std::string hash;  // of the whole offer
    std::string destination_endpoint;
    std::vector<Header> headers;
    std::uint64_t heartbeat_interval_seconds = 0;

    friend bool operator==(const ConnectionSettings&, const ConnectionSettings&) = default;
};

struct ServerToAgent {
    std::string instance_uid;
    std::optional<ErrorResponse> error;
    std::optional<RemoteConfig> remote_config;
    std::optional<ConnectionSettings> connection_settings;
    std::uint64_t flags = 0;
    std::uint64_t capabilities = 0;
    std::optional<std::string> new_instance_uid;
    bool has_command = false;  // "restart", the only one there is
    std::optional<std::vector<std::string>> custom_capabilities;
    std::optional<CustomMessage> custom_message;

    friend bool operator==(const ServerToAgent&, const ServerToAgent&) = default;
};

}  // namespace opamp
