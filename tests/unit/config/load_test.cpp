#include "common/config/load.h"

#include <array>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/unit/config/complaints.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Load, AnEmptyFileIsTheDefaultsUnderTheNameOfTheHost) {
    std::array<char, 256> host{};
    ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
    Config expected;
    expected.agent.name = host.data();
    EXPECT_EQ(parse(""), expected);
}

TEST(Load, EverySettingOfTheHostIsRead) {
    const auto config = parse(R"(
[agent]
data_dir = "/d"
name = "web-01"
labels = { app = "player", "idc.x" = "bj1" }
admin_socket = "/s.sock"
metrics_listen = ""
memory_limit = "8MiB"
cpu_limit = 1.5
rate_limit = "10MiB"
deleted_bytes_max = "1GiB"
checkpoint_retention = "1h"
shutdown_timeout = "1500ms"
allow_paths = ["/a/**", "/b/[ab]*"]
[log]
level = "error"
format = "json"
[clusters.main]
brokers = ["a:1", "[::1]:65535"]
properties = { acks = -1, "enable.idempotence" = true, "queue.x" = 0.5, "compression.type" = "lz4" }
delivery = "at_least_once"
)");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->agent, (AgentConfig{.data_dir = "/d",
                                          .name = "web-01",
                                          .labels = {{"app", "player"}, {"idc.x", "bj1"}},
                                          .admin_socket = "/s.sock",
                                          .metrics_listen = "",
                                          .memory_limit = 8ULL << 20,
                                          .deleted_bytes_max = 1ULL << 30,
                                          .checkpoint_retention = std::chrono::hours(1),
                                          .cpu_limit = 1.5,
                                          .rate_limit = {.per_second = 10 << 20, .unit = base::Rate::Unit::bytes},
                                          .shutdown_timeout = std::chrono::milliseconds(1500),
                                          .allow_paths = {"/a/**", "/b/[ab]*"}}));
    EXPECT_EQ(config->log, (LogConfig{.level = LogLevel::error, .format = LogFormat::json}));
    EXPECT_EQ(config->clusters.at("main"), (ClusterConfig{.name = "main",
                                                          .brokers = {"a:1", "[::1]:65535"},
                                                          .properties = {{"acks", "-1"},
                                                                         {"enable.idempotence", "true"},
                                                                         {"queue.x", "0.5"},
                                                                         {"compression.type", "lz4"}}}));
}

TEST(Load, EachLogLevelIsRead) {
    EXPECT_EQ(parse("log.level = 'trace'")->log.level, LogLevel::trace);
    EXPECT_EQ(parse("log.level = 'debug'")->log.level, LogLevel::debug);
    EXPECT_EQ(parse("log.level = 'info'")->log.level, LogLevel::info);
    EXPECT_EQ(parse("log.level = 'warn'")->log.level, LogLevel::warn);
}

TEST(Load, PropertiesMayBeWrittenWithBareDots) {
    const auto config =
        parse("[clusters.main]\nbrokers=['a:1']\n[clusters.main.properties]\ncompression.type = 'zstd'\n");
    EXPECT_EQ(config->clusters.at("main").properties,
              (std::map<std::string, std::string>{{"compression.type", "zstd"}}));
    EXPECT_THAT(complaint("[clusters.m]\nbrokers=['a:1']\n[clusters.m.properties]\na.b = '1'\n'a.b' = '2'"),
                HasSubstr("a.b is given twice"));
}

TEST(Load, EqualTextsMakeEqualConfigsAndAChangeMakesThemDiffer) {
    constexpr std::string_view kOne = "[[pipelines]]\nname='a'\nsource.include=['/x']\nsink.type='console'\n";
    const std::string other = std::string(kOne) + "sink.encoding='json'\n";
    EXPECT_EQ(parse(kOne)->pipelines, parse(kOne)->pipelines);
    EXPECT_NE(parse(kOne)->pipelines, parse(other)->pipelines);
}

TEST(Load, AllErrorsComeAtOnceInTheOrderOfTheFileWithTheirPlaces) {
    EXPECT_THAT(
        complaints(R"([agent]
memory_limit = "lots"
shutdown_timeout = 10
dta_dir = "/x"

[clusters.main]
brokers = ["nowhere"]

[[pipelines]]
name = "a b"
[pipelines.source]
include = ["relative/*.log", "/ok", "/x[ab"]
start_at = "start"
  [pipelines.sink]
  type = "kafka"
  cluster = "mian"
)"),
        ElementsAre(
            R"(a.toml:2:16: error: agent.memory_limit: "lots" is not a size (write a number and a unit: 512B, 64KiB, 1MiB, 10MB))",
            R"(a.toml:3:20: error: agent.shutdown_timeout: is an integer (write a duration in quotes: "30s"))",
            R"(a.toml:4:1: error: agent.dta_dir: unknown key (did you mean "data_dir"?))",
            R"(a.toml:7:12: error: clusters.main.brokers[0]: "nowhere" has no port (write host:port, as 127.0.0.1:9092))",
            R"(a.toml:10:8: error: pipelines[0].name: "a b" is not a name (use letters, digits, . _ -))",
            R"(a.toml:12:12: error: pipelines[0].source.include[0]: "relative/*.log" is not an absolute path (begin it with /))",
            R"(a.toml:12:37: error: pipelines[0].source.include[2]: "/x[ab" has a [ without its ] (write \[ for the bracket itself))",
            R"(a.toml:13:12: error: pipelines[0].source.start_at: "start" is not known (use one of: beginning, end))",
            R"(a.toml:14:3: error: pipelines[0].sink.topic: is missing (write topic = "raw-nginx"))",
            R"(a.toml:16:13: error: pipelines[0].sink.cluster: no cluster is named "mian" (did you mean "main"?))"));
}

TEST(Load, ASyntaxErrorHasItsPlaceToo) {
    EXPECT_THAT(complaints("[agent]\nname = \n"), ElementsAre(StartsWith("a.toml:2:8: error: syntax: ")));
    EXPECT_THAT(complaints("[agent]\nname = 'a'\nname = 'b'\n"), ElementsAre(StartsWith("a.toml:3:")));
    EXPECT_THAT(complaints("name = \"a\xFF\""), ElementsAre(StartsWith("a.toml:1:")));
}

TEST(Load, AFileThatCannotBeReadIsAnErrorOfTheWholeFile) {
    const auto none = load("/no/such.toml");
    ASSERT_FALSE(none);
    EXPECT_EQ(show(none.error().at(0), "/no/such.toml"),
              "/no/such.toml: error: file: cannot read: No such file or directory (ENOENT)");
    EXPECT_THAT(load("/").error().at(0).message, HasSubstr("EISDIR"));
}

TEST(Load, AFileIsReadFromDisk) {
    const auto file = testing::TempDir() + "venus-load-" + std::to_string(::getpid());
    std::ofstream(file) << "agent.name = 'disk'";
    EXPECT_EQ(load(file)->agent.name, "disk");
    std::filesystem::remove(file);
}

TEST(Load, LimitsOfTheAgentAreHeld) {
    EXPECT_EQ(complaint("agent.memory_limit = '1MiB'"), "agent.memory_limit: \"1MiB\" is too little (at least 4MiB)");
    EXPECT_EQ(complaint("agent.memory_limit = '4MiB'"), "ok");
    EXPECT_EQ(complaint("agent.shutdown_timeout = '2h'"), "agent.shutdown_timeout: \"2h\" is too long (at most 1h)");
}

TEST(Load, PathsAndAddressesOfTheAgentMustBeUsable) {
    EXPECT_THAT(complaint("agent.data_dir = 'x'"), HasSubstr("\"x\" is not an absolute path (begin it with /)"));
    EXPECT_THAT(complaint("agent.data_dir = ''"), HasSubstr("not an absolute path"));
    EXPECT_THAT(complaint("agent.data_dir = \"/a\\u0000\""), HasSubstr("zero byte"));
    EXPECT_THAT(complaint("agent.admin_socket = '/" + std::string(120, 'a') + "'"),
                HasSubstr("too long for a Unix socket"));
    EXPECT_THAT(complaint("agent.metrics_listen = '9598'"), HasSubstr("has no port (write host:port"));
    EXPECT_THAT(complaint("agent.metrics_listen = 'a:99999'"), HasSubstr("has no valid port"));
    EXPECT_THAT(complaint("agent.metrics_listen = '::1:9598'"), HasSubstr("in brackets"));
    EXPECT_EQ(complaint("agent.metrics_listen = ':0'"), "ok");
    EXPECT_EQ(complaint("agent.metrics_listen = 'unix:/run/m.sock'"), "ok");
    EXPECT_THAT(complaint("agent.allow_paths = ['log']"),
                HasSubstr("agent.allow_paths[0]: \"log\" is not an absolute path"));
    EXPECT_THAT(complaint("agent.labels = { 'a b' = 'x' }"), HasSubstr("agent.labels.\"a b\": \"a b\" is not a name"));
}

TEST(Load, AClusterNeedsBrokersThatLookLikeHostAndPort) {
    EXPECT_EQ(complaint("[clusters.a]"), "clusters.a.brokers: is missing (write brokers = [\"host:9092\"])");
    EXPECT_THAT(complaint("[clusters.a]\nbrokers = []"), HasSubstr("brokers: is missing"));
    for (const auto* broker : {"a", "a:", "a:0", "a:65536", "a:x", ":9092", "a b:1", "http://a:1", "a:1,b:1", "a:-1"}) {
        EXPECT_THAT(complaint("[clusters.a]\nbrokers = ['" + std::string(broker) + "']"),
                    StartsWith("clusters.a.brokers[0]"))
            << broker;
    }
    EXPECT_THAT(complaint("clusters = 'x'"), HasSubstr("is a string (write a table: [clusters.NAME])"));
    EXPECT_THAT(complaint("clusters.a = 'x'"), HasSubstr("is a string (write a table: [clusters.a])"));
}

TEST(Load, PropertiesAreHeldAgainstTheCallersCheckInTheOrderOfTheFile) {
    const auto check = [](const std::string& name, const std::string& value) -> std::optional<std::string> {
        if (name == "acks" && value != "-1") return "must be -1";
        return std::nullopt;
    };
    EXPECT_THAT(
        complaints("log.level = 'loud'\n[clusters.main]\nbrokers = ['a:1']\nproperties = { acks = 1 }\nx = 1\n", check),
        ElementsAre(HasSubstr("a.toml:1:13: error: log.level"),
                    "a.toml:4:23: error: clusters.main.properties.acks: must be -1", HasSubstr("a.toml:5:1:")));
    EXPECT_THAT(complaint("[clusters.a]\nbrokers=['a:1']\nproperties.x = ['y']"),
                HasSubstr("is a list (write a string, number or boolean)"));
}

}  // namespace
}  // namespace config
