#include "center/app/config.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/config/check_keys.h"
#include "common/config/interpolate.h"
#include "common/config/problems.h"
#include "common/config/rules.h"
#include "common/config/sections.h"
#include "common/config/value.h"

namespace center::app {

namespace {

using config::Problems;
using config::Value;

constexpr std::size_t kFileBytesMax = 1ULL << 20;
constexpr std::size_t kAdminTokenBytesMin = 8;
constexpr std::chrono::hours kIntervalMax{1};
constexpr std::chrono::seconds kIntervalMin{1};
constexpr std::int64_t kAgentsMax = 1'000'000;
constexpr std::string_view kStoreTopic = "venus-center";

const Value* member(const Value& root, std::string_view table, std::string_view name) {
    const auto* found = root.find(table);
    const auto* value = found && found->kind == Value::Kind::table ? found->find(name) : nullptr;
    return value && !value->is_broken ? value : nullptr;
}

void take(const Value& root, std::string_view table, std::string_view name, std::string& out) {
    if (const auto* value = member(root, table, name)) out = value->text;
}

// Of a table; "": the tables themselves.
std::vector<std::string_view> names_in(std::string_view table) {
    std::vector<std::string_view> names;
    for (const auto& [key, fallback] : known_keys()) {
        const auto dot = key.find('.');
        if (!table.empty() && key.substr(0, dot) != table) continue;
        const auto name = table.empty() ? key.substr(0, dot) : key.substr(dot + 1);
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    return names;
}

// Texts, but for these.
Value::Kind kind_of(std::string_view key) {
    if (key == "store.brokers") return Value::Kind::list;
    if (key == "store.properties") return Value::Kind::table;
    if (key == "auth.force_open") return Value::Kind::boolean;
    return key == "center.agents_max" ? Value::Kind::integer : Value::Kind::text;
}

void check_texts(Value& list, Problems& problems) {
    for (const auto& item : list.items) {
        if (item.kind == Value::Kind::text) continue;
        problems.add(item, fmt::format("is {} (a string is needed)", config::describe(item.kind)));
        list.is_broken = true;
    }
}

void check_members(Value& table, Problems& problems) {
    const auto names = names_in(table.name);
    for (auto& value : table.items) {
        const auto wanted = kind_of(fmt::format("{}.{}", table.name, value.name));
        if (std::ranges::find(names, value.name) == names.end()) {
            problems.add_unknown(value, config::unknown_word(value.name, names));
        } else if (value.kind != wanted && !value.is_broken) {
            problems.add(value,
                         fmt::format("is {} ({} is needed)", config::describe(value.kind), config::describe(wanted)));
            value.is_broken = true;
        } else if (wanted == Value::Kind::list) {
            check_texts(value, problems);
        }
    }
}

void check_tables(Value& root, Problems& problems) {
    const auto tables = names_in("");
    for (auto& table : root.items) {
        if (std::ranges::find(tables, table.name) == tables.end())
            problems.add_unknown(table, config::unknown_word(table.name, tables));
        else if (table.kind != Value::Kind::table)
            problems.add(table, fmt::format("is {} (write [{}])", config::describe(table.kind), table.name));
        else
            check_members(table, problems);
    }
}

void read_interval(const Value& root, CenterConfig& out, Problems& problems) {
    const auto* value = member(root, "center", "heartbeat_interval");
    if (!value) return;
    const auto interval = base::parse_duration(value->text);
    if (!interval)
        problems.add(*value, interval.error().message);
    else if (*interval < kIntervalMin || *interval > kIntervalMax || interval->count() % 1000 != 0)
        problems.add(*value,
                     fmt::format("{} is out of bounds (whole seconds, from 1s to 1h)", base::quote(value->text)));
    else
        out.heartbeat_interval = *interval;
}

void read_center(const Value& root, CenterConfig& out, Problems& problems) {
    take(root, "center", "listen_agents", out.listen_agents);
    take(root, "center", "listen_api", out.listen_api);
    take(root, "center", "data_dir", out.data_dir);
    take(root, "center", "signing_key", out.signing_key);
    for (const auto* name : {"listen_agents", "listen_api"})
        if (const auto* value = member(root, "center", name))
            if (const auto complaint = config::check_listen(value->text)) problems.add(*value, *complaint);
    if (const auto* value = member(root, "center", "data_dir"))
        if (const auto complaint = config::check_absolute_path(value->text)) problems.add(*value, *complaint);
    read_interval(root, out, problems);
    const auto* agents = member(root, "center", "agents_max");
    if (agents && (agents->integer < 1 || agents->integer > kAgentsMax))
        problems.add(*agents, fmt::format("is out of bounds (from 1 to {})", kAgentsMax));
    else if (agents)
        out.agents_max = static_cast<std::uint64_t>(agents->integer);
}

store::KafkaStoreConfig read_kafka_store(const Value& store, Problems& problems) {
    auto cluster = config::read_cluster(store, store::check_store_property, problems);
    store::KafkaStoreConfig out{.brokers = std::move(cluster.brokers),
                                .topic = std::string(kStoreTopic),
                                .properties = std::move(cluster.properties)};
    const auto* topic = store.find("topic");
    if (!topic || topic->is_broken) return out;
    if (const auto complaint = config::check_topic(topic->text)) problems.add(*topic, *complaint);
    out.topic = topic->text;
    return out;
}

void read_store(const Value& root, CenterConfig& out, Problems& problems) {
    const auto* type = member(root, "store", "type");
    if (type && type->text == "kafka") {
        out.kafka_store = read_kafka_store(*root.find("store"), problems);
        return;
    }
    constexpr std::array<std::string_view, 2> kTypes = {"embedded", "kafka"};
    if (type && type->text != "embedded") problems.add(*type, config::unknown_word(type->text, kTypes));
    for (const auto* name : {"brokers", "properties"})
        if (const auto* value = member(root, "store", name); value && !value->items.empty())
            problems.add(*value, "is not used (write type = \"kafka\")");
}

bool is_loopback(std::string_view address) {
    return address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("localhost:") ||
           address.starts_with("unix:");
}

void read_enrolment(const Value& root, CenterConfig& out, Problems& problems) {
    const auto* enrolment = member(root, "auth", "enrolment");
    if (!enrolment || enrolment->text == "token") return;
    const auto* force = member(root, "auth", "force_open");
    if (enrolment->text != "open")
        problems.add(*enrolment, fmt::format("{} is not known (one of: token open)", base::quote(enrolment->text)));
    else if (!is_loopback(out.listen_agents) && !(force && force->boolean))
        problems.add(*enrolment, fmt::format("\"open\" lets any host enrol that reaches {} (write \"token\", listen on "
                                             "127.0.0.1, or set force_open = true)",
                                             base::quote(out.listen_agents)));
    else
        out.is_open = true;
}

void read_auth(const Value& root, CenterConfig& out, Problems& problems) {
    take(root, "auth", "admin_token", out.admin_token);
    const auto* token = member(root, "auth", "admin_token");
    const auto* auth = root.find("auth");
    if (!auth || !auth->find("admin_token"))
        problems.add_missing(root, "auth.admin_token",
                             "is missing (write admin_token = \"${file:/etc/venus-center/admin-token}\")");
    if (token && token->text.size() < kAdminTokenBytesMin)
        problems.add(*token, fmt::format("is too short (at least {} bytes)", kAdminTokenBytesMin));
    read_enrolment(root, out, problems);
}

void read_tls(const Value& root, CenterConfig& out, Problems& problems) {
    take(root, "tls", "cert_file", out.tls.cert_file);
    take(root, "tls", "key_file", out.tls.key_file);
    take(root, "tls", "client_ca_file", out.tls.client_ca_file);
    const auto* tls = root.find("tls");
    if (tls && out.tls.cert_file.empty() != out.tls.key_file.empty())
        problems.add(*tls, "needs both cert_file and key_file");
    else if (tls && out.tls.cert_file.empty() && !out.tls.client_ca_file.empty())
        problems.add(*tls, "has a client_ca_file, but no cert_file and key_file");
}

template <typename Enum, std::size_t N>
void take_choice(const Value& root, std::string_view name, const std::array<std::string_view, N>& choices, Enum& out,
                 Problems& problems) {
    const auto* value = member(root, "log", name);
    if (!value) return;
    const auto found = std::ranges::find(choices, value->text);
    if (found == choices.end())
        problems.add(*value, config::unknown_word(value->text, choices));
    else
        out = static_cast<Enum>(found - choices.begin());
}

}  // namespace

const std::vector<KeyAndDefault>& known_keys() {
    static const std::vector<KeyAndDefault> keys = {
        {"center.listen_agents", R"("0.0.0.0:4320")"},
        {"center.listen_api", R"("127.0.0.1:4321")"},
        {"center.data_dir", R"("/var/lib/venus-center")"},
        {"center.heartbeat_interval", R"("30s")"},
        {"center.signing_key", R"("")"},
        {"center.agents_max", "100000"},
        {"store.type", R"("embedded")"},
        {"store.brokers", "[]"},
        {"store.topic", R"("venus-center")"},
        {"store.properties", ""},
        {"auth.admin_token", ""},
        {"auth.enrolment", R"("token")"},
        {"auth.force_open", "false"},
        {"tls.cert_file", R"("")"},
        {"tls.key_file", R"("")"},
        {"tls.client_ca_file", R"("")"},
        {"log.level", R"("info")"},
        {"log.format", R"("text")"},
    };
    return keys;
}

std::expected<CenterConfig, std::vector<config::Problem>> parse(std::string_view toml) {
    auto root = config::read_document(toml);
    if (!root) return std::unexpected(std::vector{root.error()});
    Problems problems;
    config::interpolate(*root, problems);
    check_tables(*root, problems);
    CenterConfig out;
    read_center(*root, out, problems);
    read_store(*root, out, problems);
    read_auth(*root, out, problems);
    read_tls(*root, out, problems);
    constexpr std::array<std::string_view, 5> kLevels = {"trace", "debug", "info", "warn", "error"};
    constexpr std::array<std::string_view, 2> kFormats = {"text", "json"};
    take_choice(*root, "level", kLevels, out.log.level, problems);
    take_choice(*root, "format", kFormats, out.log.format, problems);
    if (!problems.empty()) return std::unexpected(problems.take());
    return out;
}

std::expected<CenterConfig, std::vector<config::Problem>> load(const std::filesystem::path& file) {
    const auto cannot = [](std::string why) {
        return std::unexpected(std::vector{config::Problem{.key = "file", .message = std::move(why)}});
    };
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (failed) return cannot("cannot read: " + failed.message());
    if (size > kFileBytesMax) return cannot("is too large (at most 1 MiB)");
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return cannot("cannot read");
    return parse(std::string(std::istreambuf_iterator<char>(stream), {}));
}

}  // namespace center::app
