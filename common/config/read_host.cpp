// [agent], [log] and [clusters.NAME].
#include <array>
#include <climits>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/config/fields.h"
#include "common/config/sections.h"

namespace config {

namespace {

constexpr std::uint64_t kMemoryLimitMin = 4ULL << 20;
constexpr double kCpuLimitMin = 0.01;
constexpr double kCpuLimitMax = 1024;
constexpr std::chrono::milliseconds kShutdownTimeoutMax = std::chrono::hours(1);

Labels read_labels(const Value& agent, Problems& problems) {
    Labels labels;
    const auto* table = usable(agent, "labels");
    if (!table) return labels;
    for (const auto& item : table->items) {
        if (const auto complaint = check_name(item.name)) problems.add_unknown(item, *complaint);
        labels[item.name] = item.text;  // a broken one too: templates that name it are not at fault
    }
    return labels;
}

void check_limits(const Value& agent, const AgentConfig& config, Problems& problems) {
    if (config.memory_limit < kMemoryLimitMin) {
        problems.add(*agent.find("memory_limit"),
                     fmt::format("{} is too little (at least 4MiB)", base::quote(agent.find("memory_limit")->written)));
    }
    const bool fits = config.cpu_limit >= kCpuLimitMin && config.cpu_limit <= kCpuLimitMax;  // nan does not
    if (config.cpu_limit != 0 && !fits) {
        problems.add(*agent.find("cpu_limit"),
                     fmt::format("{} is out of bounds (from 0.01 to 1024 cores; 0: none)", config.cpu_limit));
    }
    if (config.shutdown_timeout > kShutdownTimeoutMax) {
        problems.add(*agent.find("shutdown_timeout"),
                     fmt::format("{} is too long (at most 1h)", base::quote(agent.find("shutdown_timeout")->written)));
    }
}

std::string show_property(const Value& value) {
    return value.kind == Value::Kind::text ? value.text : show_toml(value);
}

// Tables in tables come from unquoted dots in names: compression.type = "lz4".
void read_properties(const Value& table, const std::string& way, const PropertyCheck& check, ClusterConfig& cluster,
                     Problems& problems) {
    for (const auto& item : table.items) {
        if (item.is_broken) continue;
        const auto name = way + item.name;
        if (item.kind == Value::Kind::table) {
            read_properties(item, name + ".", check, cluster, problems);
            continue;
        }
        const auto value = show_property(item);
        const auto complaint = check ? check(name, value) : std::nullopt;
        if (complaint) problems.add(item, *complaint);
        if (!cluster.properties.emplace(name, value).second) problems.add(item, fmt::format("{} is given twice", name));
    }
}

}  // namespace

std::string host_name() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
    return name.data();
}

AgentConfig read_agent(const Value& root, Problems& problems) {
    AgentConfig config;
    if (const auto* agent = usable(root, "agent")) {
        take(*agent, "data_dir", config.data_dir);
        take(*agent, "name", config.name);
        take(*agent, "admin_socket", config.admin_socket);
        take(*agent, "metrics_listen", config.metrics_listen);
        take(*agent, "memory_limit", config.memory_limit);
        take(*agent, "deleted_bytes_max", config.deleted_bytes_max);
        take(*agent, "checkpoint_retention", config.checkpoint_retention);
        take(*agent, "cpu_limit", config.cpu_limit);
        take(*agent, "rate_limit", config.rate_limit);
        take(*agent, "shutdown_timeout", config.shutdown_timeout);
        take(*agent, "allow_paths", config.allow_paths);
        take(*agent, "allow_sink_paths", config.allow_sink_paths);
        take(*agent, "secrets_dir", config.secrets_dir);
        config.labels = read_labels(*agent, problems);
        hold(*agent, "data_dir", check_absolute_path, problems);
        hold(*agent, "admin_socket", check_socket_path, problems);
        if (!config.metrics_listen.empty()) hold(*agent, "metrics_listen", check_listen, problems);
        hold(*agent, "allow_paths", check_include_glob, problems);
        hold(*agent, "allow_sink_paths", check_include_glob, problems);
        hold(*agent, "secrets_dir", check_absolute_path, problems);
        check_limits(*agent, config, problems);
    }
    if (config.name.empty()) config.name = host_name();
    return config;
}

LogConfig read_log(const Value& root) {
    LogConfig config;
    if (const auto* log = usable(root, "log")) {
        take_choice(*log, "level", "log.level", config.level);
        take_choice(*log, "format", "log.format", config.format);
    }
    return config;
}

ClusterConfig read_cluster(const Value& table, const PropertyCheck& check, Problems& problems) {
    ClusterConfig cluster{.name = table.name};
    if (const auto complaint = check_name(table.name)) problems.add_unknown(table, *complaint);
    take(table, "brokers", cluster.brokers);
    if (!is_given(table, "brokers")) {
        problems.add_missing(table, "brokers", "is missing (write brokers = [\"host:9092\"])");
    }
    hold(table, "brokers", check_broker, problems);
    if (const auto* properties = usable(table, "properties"))
        read_properties(*properties, "", check, cluster, problems);
    return cluster;
}

std::map<std::string, ClusterConfig> read_clusters(const Value& root, const PropertyCheck& check, Problems& problems) {
    std::map<std::string, ClusterConfig> clusters;
    const auto* table = usable(root, "clusters");
    if (!table) return clusters;
    for (const auto& item : table->items) {
        clusters[item.name] = item.is_broken ? ClusterConfig{.name = item.name} : read_cluster(item, check, problems);
    }
    return clusters;
}

}  // namespace config
