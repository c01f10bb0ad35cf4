#include "common/opamp/codec.h"

#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <opamp.pb.h>

#include "common/base/text.h"

namespace opamp {

namespace {

using base::valid_utf8;

// The same message always gives the same bytes, whatever order its maps are in.
std::string bytes_of(const google::protobuf::MessageLite& message) {
    std::string bytes;
    {
        google::protobuf::io::StringOutputStream stream(&bytes);
        google::protobuf::io::CodedOutputStream out(&stream);
        out.SetSerializationDeterministic(true);
        (void)message.SerializePartialToCodedStream(&out);
    }
    return bytes;
}

// The library would print what it refuses on stderr, as often as somebody sends it.
void keep_the_library_quiet() {
    static google::protobuf::LogHandler* const before = google::protobuf::SetLogHandler(nullptr);
    (void)before;
}

template <typename Wire>
base::Result<Wire> parse(std::string_view bytes, std::string_view what) {
    if (bytes.size() > kInflatedBytesMax)
        return base::fail("cannot read {}: {} bytes (at most {})", what, bytes.size(), kInflatedBytesMax);
    keep_the_library_quiet();
    Wire wire;
    if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return base::fail("cannot read {}: {} bytes that are no such protobuf message", what, bytes.size());
    return wire;
}

template <typename Enum>
Enum bounded(int value, Enum last) {  // a value that we do not know is what an absent one is
    return value < 0 || value > static_cast<int>(last) ? Enum{} : static_cast<Enum>(value);
}

template <typename Repeated>
void write_attributes(const Attributes& attributes, Repeated& out) {
    for (const auto& [key, value] : attributes) {
        auto& item = *out.Add();
        item.set_key(valid_utf8(key));
        item.mutable_value()->set_string_value(valid_utf8(value));
    }
}

template <typename Repeated>
Attributes read_attributes(const Repeated& list) {
    Attributes attributes;
    for (const auto& item : list) {
        const auto& value = item.value();
        switch (value.value_case()) {
            case wire::AnyValue::kStringValue:
                attributes[item.key()] = value.string_value();
                break;
            case wire::AnyValue::kBoolValue:
                attributes[item.key()] = value.bool_value() ? "true" : "false";
                break;
            case wire::AnyValue::kIntValue:
                attributes[item.key()] = std::to_string(value.int_value());
                break;
            case wire::AnyValue::kDoubleValue:
                attributes[item.key()] = fmt::format("{}", value.double_value());
                break;
            default:
                break;
        }
    }
    return attributes;
}

void write_health(const ComponentHealth& health, wire::ComponentHealth& out) {
    out.set_healthy(health.healthy);
    out.set_start_time_unix_nano(health.start_time_unix_ns);
    out.set_last_error(valid_utf8(health.last_error));
    out.set_status(valid_utf8(health.status));
    out.set_status_time_unix_nano(health.status_time_unix_ns);
    for (const auto& [name, component] : health.components)
        write_health(component, (*out.mutable_component_health_map())[valid_utf8(name)]);
}

// Recursion is bounded: the parser refuses deep nesting.
ComponentHealth read_health(const wire::ComponentHealth& wire) {
    ComponentHealth health{.healthy = wire.healthy(),
                           .start_time_unix_ns = wire.start_time_unix_nano(),
                           .last_error = wire.last_error(),
                           .status = wire.status(),
                           .status_time_unix_ns = wire.status_time_unix_nano(),
                           .components = {}};
    for (const auto& [name, component] : wire.component_health_map())
        health.components.emplace(name, read_health(component));
    return health;
}

void write_files(const ConfigFiles& files, wire::AgentConfigMap& out) {
    for (const auto& [name, file] : files) {
        auto& item = (*out.mutable_config_map())[valid_utf8(name)];
        item.set_body(file.body);
        item.set_content_type(valid_utf8(file.content_type));
    }
}

ConfigFiles read_files(const wire::AgentConfigMap& wire) {
    ConfigFiles files;
    for (const auto& [name, file] : wire.config_map())
        files.emplace(name, ConfigFile{.body = file.body(), .content_type = file.content_type()});
    return files;
}

void write_custom(const CustomMessage& message, wire::CustomMessage& out) {
    out.set_capability(valid_utf8(message.capability));
    out.set_type(valid_utf8(message.type));
    out.set_data(message.body);
}

CustomMessage read_custom(const wire::CustomMessage& wire) {
    return {.capability = wire.capability(), .type = wire.type(), .body = wire.data()};
}

void write_settings(const ConnectionSettings& settings, wire::ConnectionSettingsOffers& out) {
    out.set_hash(settings.hash);
    auto& opamp = *out.mutable_opamp();
    opamp.set_destination_endpoint(valid_utf8(settings.destination_endpoint));
    for (const auto& header : settings.headers) {
        auto& item = *opamp.mutable_headers()->add_headers();
        item.set_key(valid_utf8(header.key));
        item.set_value(valid_utf8(header.value));
    }
    opamp.set_heartbeat_interval_seconds(settings.heartbeat_interval_seconds);
}

ConnectionSettings read_settings(const wire::ConnectionSettingsOffers& wire) {
    ConnectionSettings settings{.hash = wire.hash(),
                                .destination_endpoint = wire.opamp().destination_endpoint(),
                                .headers = {},
                                .heartbeat_interval_seconds = wire.opamp().heartbeat_interval_seconds()};
    for (const auto& header : wire.opamp().headers().headers())
        settings.headers.push_back({.key = header.key(), .value = header.value()});
    return settings;
}

template <typename Message, typename Wire>
void write_custom_parts(const Message& message, Wire& out) {
    if (message.custom_capabilities) {
        auto& capabilities = *out.mutable_custom_capabilities();
        for (const auto& capability : *message.custom_capabilities)
            capabilities.add_capabilities(valid_utf8(capability));
    }
    if (message.custom_message) write_custom(*message.custom_message, *out.mutable_custom_message());
}

template <typename Wire, typename Message>
void read_custom_parts(const Wire& wire, Message& message) {
    if (wire.has_custom_capabilities()) {
        const auto& list = wire.custom_capabilities().capabilities();
        message.custom_capabilities.emplace(list.begin(), list.end());
    }
    if (wire.has_custom_message()) message.custom_message = read_custom(wire.custom_message());
}

template <typename Status, typename Wire>
void write_status(const Status& status, Wire& out) {
    out.set_status(static_cast<int>(status.status));
    out.set_error_message(valid_utf8(status.error));
}

}  // namespace

std::string encode(const AgentToServer& message) {
    wire::AgentToServer out;
    out.set_instance_uid(message.instance_uid);
    out.set_sequence_num(message.sequence_num);
    out.set_capabilities(message.capabilities);
    out.set_flags(message.flags);
    if (message.description) {
        auto& description = *out.mutable_agent_description();
        write_attributes(message.description->identifying, *description.mutable_identifying_attributes());
        write_attributes(message.description->non_identifying, *description.mutable_non_identifying_attributes());
    }
    if (message.health) write_health(*message.health, *out.mutable_health());
    if (message.effective_config)
        write_files(*message.effective_config, *out.mutable_effective_config()->mutable_config_map());
    if (const auto& status = message.remote_config_status) {
        out.mutable_remote_config_status()->set_last_remote_config_hash(status->last_hash);
        write_status(*status, *out.mutable_remote_config_status());
    }
    if (message.disconnects) (void)out.mutable_agent_disconnect();
    write_custom_parts(message, out);
    if (const auto& status = message.connection_settings_status) {
        out.mutable_connection_settings_status()->set_last_connection_settings_hash(status->last_hash);
        write_status(*status, *out.mutable_connection_settings_status());
    }
    return bytes_of(out);
}

std::string encode(const ServerToAgent& message) {
    wire::ServerToAgent out;
    out.set_instance_uid(message.instance_uid);
    out.set_flags(message.flags);
    out.set_capabilities(message.capabilities);
    if (const auto& error = message.error) {
        auto& response = *out.mutable_error_response();
        response.set_type(static_cast<int>(error->type));
        response.set_error_message(valid_utf8(error->message));
        if (error->retry_after_ns) response.mutable_retry_info()->set_retry_after_nanoseconds(*error->retry_after_ns);
    }
    if (message.remote_config) {
        write_files(message.remote_config->files, *out.mutable_remote_config()->mutable_config());
        out.mutable_remote_config()->set_config_hash(message.remote_config->hash);
    }
    if (message.connection_settings) write_settings(*message.connection_settings, *out.mutable_connection_settings());
    if (message.new_instance_uid) out.mutable_agent_identification()->set_new_instance_uid(*message.new_instance_uid);
    if (message.has_command) (void)out.mutable_command();
    write_custom_parts(message, out);
    return bytes_of(out);
}

base::Result<AgentToServer> decode_agent_to_server(std::string_view bytes) {
    const auto wire = parse<wire::AgentToServer>(bytes, "an agent's message");
    if (!wire) return std::unexpected(wire.error());
    AgentToServer message{.instance_uid = wire->instance_uid(),
                          .sequence_num = wire->sequence_num(),
                          .capabilities = wire->capabilities(),
                          .disconnects = wire->has_agent_disconnect(),
                          .flags = wire->flags()};
    if (wire->has_agent_description()) {
        const auto& description = wire->agent_description();
        message.description = {.identifying = read_attributes(description.identifying_attributes()),
                               .non_identifying = read_attributes(description.non_identifying_attributes())};
    }
    if (wire->has_health()) message.health = read_health(wire->health());
    if (wire->has_effective_config()) message.effective_config = read_files(wire->effective_config().config_map());
    if (wire->has_remote_config_status()) {
        const auto& status = wire->remote_config_status();
        message.remote_config_status = {.last_hash = status.last_remote_config_hash(),
                                        .status = bounded(status.status(), ConfigStatus::failed),
                                        .error = status.error_message()};
    }
    read_custom_parts(*wire, message);
    if (wire->has_connection_settings_status()) {
        const auto& status = wire->connection_settings_status();
        message.connection_settings_status = {.last_hash = status.last_connection_settings_hash(),
                                              .status = bounded(status.status(), ConfigStatus::failed),
                                              .error = status.error_message()};
    }
    return message;
}

base::Result<ServerToAgent> decode_server_to_agent(std::string_view bytes) {
    const auto wire = parse<wire::ServerToAgent>(bytes, "a server's message");
    if (!wire) return std::unexpected(wire.error());
    ServerToAgent message{.instance_uid = wire->instance_uid(),
                          .flags = wire->flags(),
                          .capabilities = wire->capabilities(),
                          .has_command = wire->has_command()};
    if (wire->has_error_response()) {
        const auto& response = wire->error_response();
        message.error = {.type = bounded(response.type(), ErrorType::unavailable),
                         .message = response.error_message(),
                         .retry_after_ns = {}};
        if (response.has_retry_info()) message.error->retry_after_ns = response.retry_info().retry_after_nanoseconds();
    }
    if (wire->has_remote_config())
        message.remote_config = {.files = read_files(wire->remote_config().config()),
                                 .hash = wire->remote_config().config_hash()};
    if (wire->has_connection_settings()) message.connection_settings = read_settings(wire->connection_settings());
    if (wire->has_agent_identification()) message.new_instance_uid = wire->agent_identification().new_instance_uid();
    read_custom_parts(*wire, message);
    return message;
}

}  // namespace opamp
