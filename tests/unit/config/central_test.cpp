#include "common/config/central.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/support/temp_folder.h"

namespace config {
namespace {

using testing::HasSubstr;

constexpr auto* kPipeline = R"(
name = "nginx"
[source]
include = ["/var/log/nginx/*.log"]
[sink]
type = "kafka"
cluster = "main"
topic = "raw-{labels.idc}"
)";
constexpr auto* kCluster = "[clusters.main]\nbrokers = ['a:1']\n";

struct Central : testing::Test {
    Central() { scope.agent.labels = {{"idc", "bj1"}}; }

    std::string complaint(std::vector<CentralFile> files) const {
        const auto read = read_central(files, scope);
        if (read) return "ok";
        std::string text;
        for (const auto& [file, problem] : read.error()) text += show(problem, file) + "\n";
        return text;
    }
    std::string complaint(const std::string& body) const {
        return complaint({{"clusters/main.toml", kCluster}, {"p.toml", body}});
    }

    CentralScope scope;
};

TEST_F(Central, APipelineAtTheTopOfAFileIsReadAsOneOfTheAgentsOwn) {
    const auto read = read_central(std::vector<CentralFile>{{"p", kPipeline}, {"c", kCluster}}, scope);
    ASSERT_TRUE(read);
    auto local = parse(R"(
agent.labels = { idc = "bj1" }
clusters.main.brokers = ["a:1"]
[[pipelines]]
name = "nginx"
source = { include = ["/var/log/nginx/*.log"] }
sink = { type = "kafka", cluster = "main", topic = "raw-{labels.idc}" }
)");
    local->pipelines[0].source.within = scope.agent.allow_paths;
    EXPECT_EQ(read->pipelines, local->pipelines);
    EXPECT_EQ(read->clusters, local->clusters);
}

TEST_F(Central, AFileMayHaveSeveralTablesToo) {
    const auto read = read_central(std::vector<CentralFile>{{"", std::string(kCluster) + R"(
[[pipelines]]
name = "a"
source = { include = ["/var/log/a"] }
sink = { type = "kafka", cluster = "main", topic = "t" }
[[pipelines]]
name = "b"
source = { include = ["/var/log/b"] }
sink = { type = "blackhole" }
)"}},
                                   scope);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->pipelines.size(), 2U);
}

TEST_F(Central, NothingIsNothing) {
    EXPECT_EQ(read_central({}, scope), CentralConfig{});
}

TEST_F(Central, FaultsAreToldWithTheirFileAndPlace) {
    EXPECT_THAT(complaint("name = \"x\"\nsurce = {}\n"),
                HasSubstr("p.toml:2:1: error: surce: unknown key (did you mean \"source\"?)"));
    EXPECT_THAT(complaint("name = "), HasSubstr("p.toml:1:"));
    EXPECT_THAT(complaint(std::vector<CentralFile>{{"p.toml", kPipeline}}), HasSubstr("no cluster is named \"main\""));
}

TEST_F(Central, TheHostsOwnTablesAreRefused) {
    for (const std::string table : {"agent", "log", "center"})
        EXPECT_THAT(complaint("[" + table + "]\n"), HasSubstr(table + ": belongs to the host's own file"));
}

TEST_F(Central, NamesAreTakenOnce) {
    scope.pipelines = {"nginx"};
    EXPECT_THAT(complaint(kPipeline), HasSubstr("\"nginx\" is the name of a pipeline of the host's own file"));
    scope.pipelines = {};
    EXPECT_THAT(complaint({{"c", kCluster}, {"p", kPipeline}, {"q", kPipeline}}),
                HasSubstr("q:2:8: error: name: \"nginx\" is the name of a pipeline in \"p\" already"));
    EXPECT_THAT(complaint({{"c", kCluster}, {"d", kCluster}}), HasSubstr("is defined in \"c\" already"));
}

TEST_F(Central, AClusterOfTheHostWinsOverTheCenters) {
    scope.clusters["main"] = {.name = "main", .brokers = {"host:1"}, .properties = {}};
    EXPECT_EQ(complaint(std::vector<CentralFile>{{"p", kPipeline}}), "ok");
    const auto read = read_central(std::vector<CentralFile>{{"p", kPipeline}, {"c", kCluster}}, scope);
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->clusters.empty());
}

TEST_F(Central, PathsOutsideOfAllowPathsAreRefused) {
    const auto including = [](const std::string& glob) {
        return "name = 'x'\nsource = { include = ['" + glob + "'] }\nsink = { type = 'blackhole' }";
    };
    EXPECT_EQ(complaint(including("/var/log/**/x*.log")), "ok");
    for (const auto* glob :
         {"/etc/shadow", "/var/logs/x", "/var/*/x", "/**/*.log", "/var/log/../../etc/shadow", "/var/lo[g]/x"})
        EXPECT_THAT(complaint(including(glob)), HasSubstr("source.include[0]: ")) << glob;
    EXPECT_THAT(complaint(including("/etc/shadow")),
                HasSubstr("is not within agent.allow_paths of this host (which has /var/log/**)"));
    scope.agent.allow_paths = {};
    EXPECT_THAT(complaint(including("/var/log/x")), HasSubstr("(which has nothing)"));
}

TEST_F(Central, PathsThatLeaveAllowPathsThroughALinkAreRefused) {
    test::TempFolder folder;
    std::filesystem::create_directories(folder.at("logs/[1]"));
    std::filesystem::create_directories(folder.at("else"));
    std::filesystem::create_symlink(folder.at("else"), folder.at("logs/away"));
    std::filesystem::create_symlink(folder.at("logs/[1]"), folder.at("logs/stays"));
    std::filesystem::create_symlink(folder.at("none"), folder.at("logs/dangling"));
    scope.agent.allow_paths = {folder.at("logs/**")};
    const auto including = [&](const std::string& glob) {
        return "name = 'x'\nsource = { include = ['" + folder.at(glob) + "'] }\nsink = { type = 'blackhole' }";
    };
    for (const auto* glob : {"logs/stays/*.log", "logs/stays/x", "logs/later/*", "logs/*/x", "logs/dangling/x"})
        EXPECT_EQ(complaint(including(glob)), "ok") << glob;
    EXPECT_THAT(complaint(including("logs/away/*.log")),
                HasSubstr("source.include[0]: \"" + folder.at("logs/away/*.log") + "\" leads to \"" +
                          folder.at("else/*.log") + "\", which is not within agent.allow_paths"));
    EXPECT_THAT(complaint(including("logs/away/b/**")), HasSubstr("leads to"));
    EXPECT_THAT(complaint(including("logs/away")), HasSubstr("leads to"));
}

TEST_F(Central, AFileSinkWritesInAllowSinkPathsOnly) {
    const auto writing = [](const std::string& path) {
        return "name = 'x'\nsource = { include = ['/var/log/x'] }\nsink = { type = 'file', path = '" + path + "' }";
    };
    EXPECT_EQ(complaint(writing("/var/log/out/{path.name}.copy")), "ok");
    EXPECT_EQ(complaint(writing("/tmp/{path.name}")), "ok") << "by default, as no program runs what lies there";
    EXPECT_THAT(complaint(writing("/etc/cron.d/x")), HasSubstr("sink.path: \"/etc/cron.d/x\" is not within"));
    EXPECT_THAT(complaint(writing("/etc/{path.name}")), HasSubstr("sink.path: "));
    EXPECT_THAT(complaint(writing("/{path.name}")), HasSubstr("sink.path: "));
    EXPECT_THAT(complaint(writing("/tmp/{path.name}/../../etc/x")), HasSubstr("has \".\" or \"..\" in it"));
    scope.agent.data_dir = "/tmp/data";
    EXPECT_THAT(complaint(writing("/tmp/data/central-good")), HasSubstr("is the agent's own"));
    scope.agent.allow_sink_paths = {"/srv/**"};
    EXPECT_THAT(complaint(writing("/tmp/x")),
                HasSubstr("is not within agent.allow_sink_paths of this host (which has /srv/**)"));
}

TEST_F(Central, SecretsComeFromTheirFolderAndFromNowhereElse) {
    const test::TempFolder folder;
    const auto secrets = folder.at("secrets");
    std::filesystem::create_directory(secrets);
    std::ofstream(std::filesystem::path(secrets) / "password") << "hunter2\n";
    std::ofstream(folder.at("outside")) << "private";
    std::filesystem::create_symlink(folder.at("outside"), std::filesystem::path(secrets) / "link");
    scope.agent.secrets_dir = secrets;
    const auto using_secret = [](const std::string& reference) {
        return "[clusters.main]\nbrokers = ['a:1']\nproperties = { 'sasl.password' = '${" + reference + "}' }";
    };
    const auto password = [&](const std::string& reference) -> std::string {
        const auto read = read_central(std::vector<CentralFile>{{"c", using_secret(reference)}}, scope);
        return read ? read->clusters.at("main").properties.at("sasl.password") : read.error().front().problem.message;
    };
    EXPECT_EQ(password("file:password"), "hunter2");
    EXPECT_EQ(password("file:" + std::string(secrets) + "/password"), "hunter2");
    EXPECT_THAT(password("file:../outside"), HasSubstr("is all that a central config may read secrets from"));
    EXPECT_THAT(password("file:link"), HasSubstr("is all that a central config may read secrets from"));
    EXPECT_THAT(password("file:" + folder.at("outside")), HasSubstr("is all that a central config"));
    EXPECT_THAT(password("file:missing"), HasSubstr("cannot read"));
    EXPECT_THAT(password("env:PATH"), HasSubstr("the environment is not open to a central config"));
    EXPECT_THAT(password("exec:ls"), HasSubstr("unknown reference"));
}

TEST_F(Central, WhatWouldRunCodeIsTheHostsOwnMatter) {
    scope.check = [](const std::string& name, const std::string& /*value*/) -> std::optional<std::string> {
        ADD_FAILURE() << name << " was tried";
        return std::nullopt;
    };
    for (const std::string property : {"plugin.library.paths", "sasl.kerberos.kinit.cmd", "ssl.engine.location",
                                       "ssl.engine.id", "ssl.providers", "ssl.ca.location", "ssl.key.location",
                                       "ssl.keystore.location", "sasl.kerberos.keytab", "offset.store.path"}) {
        EXPECT_THAT(complaint({{"c", "[clusters.main]\nbrokers = ['a:1']\nproperties = { '" + property + "' = 'x' }"}}),
                    HasSubstr("only the host's own file may set it"));
        EXPECT_THAT(complaint({{"c", "[clusters.main]\nbrokers = ['a:1']\nproperties." + property + " = 'x'"}}),
                    HasSubstr("only the host's own file may set it"));
    }
}

TEST_F(Central, AtTheCenterPathsLabelsAndSecretsAreTheHostsBusiness) {
    scope = {.where = Where::center};
    EXPECT_EQ(complaint(kPipeline), "ok");
    EXPECT_EQ(complaint("name = 'x'\nsource = { include = ['/anywhere/*'], max_line_bytes = '64MiB' }\nsink = { type = "
                        "'file', path = '/x' }"),
              "ok");
    EXPECT_EQ(
        complaint(
            {{"c", "[clusters.main]\nbrokers = ['${file:brokers}']\nproperties = { 'sasl.password' = '${env:P}' }"}}),
        "ok");
    EXPECT_THAT(complaint({{"c", "[clusters.main]\nbrokers = ['${exec:x}']"}}), HasSubstr("unknown reference"));
    EXPECT_THAT(complaint({{"c", "[clusters.main]\nbrokers = ['${file:}']"}}), HasSubstr("names nothing"));
    EXPECT_THAT(complaint("name = '${file:x}'\nsource = { include = ['/x'] }\nsink = { type = 'blackhole' }"),
                HasSubstr("name: may not be a reference"));
    EXPECT_THAT(
        complaint(
            "name = 'x'\nsource = { include = ['/x'] }\nsink = { type = 'kafka', cluster = 'main', topic = 'a b' }"),
        HasSubstr("which Kafka does not allow"));
}

TEST_F(Central, PropertiesAreHeldAgainstTheCheck) {
    scope.check = [](const std::string& name, const std::string&) -> std::optional<std::string> {
        if (name == "acks") return "would lose lines";
        return std::nullopt;
    };
    EXPECT_THAT(complaint({{"c", "[clusters.main]\nbrokers = ['a:1']\nproperties = { acks = 0 }"}}),
                HasSubstr("would lose lines"));
}

TEST_F(Central, CutOffAnywhereItIsReadOrRefused) {
    const std::string text = kPipeline;
    for (std::size_t size = 0; size < text.size(); ++size) (void)complaint(text.substr(0, size));
}

TEST(IsWithin, HoldsPatternsAgainstPatterns) {
    EXPECT_TRUE(is_within("/var/log/a", "/var/log/**"));
    EXPECT_TRUE(is_within("/var/log/**", "/var/log/**"));
    EXPECT_TRUE(is_within("/var/log/*/x?.log", "/var/log/**"));
    EXPECT_TRUE(is_within("/var/log/a/b.log", "/var/log/*/*.log"));
    EXPECT_TRUE(is_within("/data1/x", "/data[12]/**"));
    EXPECT_TRUE(is_within("/data[12]/x", "/data[12]/*"));
    EXPECT_TRUE(is_within("/a/b/c", "/**/c"));
    EXPECT_TRUE(is_within("/a/x?y", "/a/x*"));
    EXPECT_TRUE(is_within("/a/\\*", "/a/\\*"));
}

TEST(IsWithin, SaysNoWhereItCannotTell) {
    EXPECT_FALSE(is_within("/var/log/a", "/var/log/*/a"));
    EXPECT_FALSE(is_within("/var/log/a/b", "/var/log/*"));
    EXPECT_FALSE(is_within("/var/log/**", "/var/log/*"));
    EXPECT_FALSE(is_within("/var/log*/a", "/var/log/**"));
    EXPECT_FALSE(is_within("/data3/x", "/data[12]/**"));
    EXPECT_FALSE(is_within("/data?/x", "/data[12]/**"));
    EXPECT_FALSE(is_within("/a/x*", "/a/x?"));
    EXPECT_FALSE(is_within("/var/log/../x", "/var/log/**"));
    EXPECT_FALSE(is_within("/a/*", "/a/\\*"));
}

}  // namespace
}  // namespace config
