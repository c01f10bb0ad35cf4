// conf/center.toml, the table of keys and the struct's defaults say the same.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include <gmock/gmock.h>

#include "center/app/config.h"
#include "common/config/value.h"

namespace center::app {
namespace {

using testing::HasSubstr;

std::string reference() {
    std::ifstream file(VENUS_CONF_DIR "/center.toml");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string faults(std::string_view toml) {
    const auto config = parse(toml);
    std::string text = config ? "ok" : "";
    if (!config)
        for (const auto& problem : config.error()) text += config::show(problem, "f") + "\n";
    return text;
}

constexpr const char* kToken = "[auth]\nadmin_token = \"long enough\"\n";

TEST(CenterConfig, TheReferenceParsesAndItsValuesAreTheDefaults) {
    ::setenv("VENUS_ADMIN_TOKEN", "long enough", 1);
    const auto config = parse(reference());
    ASSERT_TRUE(config) << faults(reference());
    const CenterConfig defaults;
    EXPECT_EQ(config->listen_agents, defaults.listen_agents);
    EXPECT_EQ(config->listen_api, defaults.listen_api);
    EXPECT_EQ(config->data_dir, defaults.data_dir);
    EXPECT_EQ(config->heartbeat_interval, defaults.heartbeat_interval);
    EXPECT_EQ(config->agents_max, defaults.agents_max);
    EXPECT_EQ(config->is_open, defaults.is_open);
    EXPECT_EQ(config->admin_token, "long enough");
}

TEST(CenterConfig, TheReferenceShowsEveryKeyWithItsDefaultAndNoOther) {
    const auto root = config::read_document(reference());
    ASSERT_TRUE(root);
    std::set<std::string> shown;
    for (const auto& table : root->items)
        for (const auto& value : table.items) shown.insert(value.key);
    for (const auto& [key, fallback] : known_keys()) {
        ASSERT_TRUE(shown.erase(std::string(key)) == 1) << key;
        const auto dot = key.find('.');
        const auto* value = root->find(key.substr(0, dot))->find(key.substr(dot + 1));
        if (!fallback.empty()) {
            EXPECT_EQ(config::show_toml(*value), fallback) << key;
        }
    }
    EXPECT_THAT(shown, testing::IsEmpty());
}

TEST(CenterConfig, OpenEnrolmentBeyondLoopbackMustBeForced) {
    const std::string open = std::string(kToken) + "enrolment = \"open\"\n";
    EXPECT_THAT(faults(open), HasSubstr("f:3:13: error: auth.enrolment"));
    EXPECT_EQ(faults(open + "force_open = true\n"), "ok");
    EXPECT_EQ(faults(open + "[center]\nlisten_agents = \"127.0.0.1:0\"\n"), "ok");
    EXPECT_EQ(faults(open + "[center]\nlisten_agents = \"[::1]:0\"\n"), "ok");
}

TEST(CenterConfig, EveryFaultHasItsPlace) {
    EXPECT_THAT(faults(""), HasSubstr("auth.admin_token: is missing"));
    EXPECT_THAT(faults("[auth]\nadmin_token = \"short\"\n"), HasSubstr("too short"));
    const auto with = [](const char* more) { return faults(std::string(kToken) + more); };
    EXPECT_THAT(with("[center]\nlisten_agent = 1\n"),
                HasSubstr("f:4:1: error: center.listen_agent: \"listen_agent\" is not known"));
    EXPECT_THAT(with("[center]\nheartbeat_interval = \"1500ms\"\n"), HasSubstr("whole seconds"));
    EXPECT_THAT(with("[center]\nagents_max = 0\n"), HasSubstr("from 1 to"));
    EXPECT_THAT(with("[center]\ndata_dir = 5\n"), HasSubstr("a string is needed"));
    EXPECT_THAT(with("[store]\ntype = \"kafak\"\n"), HasSubstr("did you mean"));
    EXPECT_THAT(with("[tls]\ncert_file = \"/x\"\n"), HasSubstr("needs both"));
    EXPECT_THAT(with("[log]\nlevel = \"loud\"\n"), HasSubstr("log.level"));
    EXPECT_THAT(with("center = 3\n"), HasSubstr("error"));
    EXPECT_THAT(with("[nonsense]\n"), HasSubstr("nonsense"));
}

TEST(CenterConfig, AStoreOnKafkaHasBrokersATopicAndProperties) {
    const auto with = [](const std::string& more) { return std::string(kToken) + "[store]\n" + more; };
    const std::string kafka = "type = \"kafka\"\nbrokers = [\"k:9092\", \"l:9092\"]\n";
    const auto config = parse(with(kafka + "properties = { sasl.mechanism = \"PLAIN\", \"retries\" = 7 }\n"));
    ASSERT_TRUE(config);
    ASSERT_TRUE(config->kafka_store);
    EXPECT_THAT(config->kafka_store->brokers, testing::ElementsAre("k:9092", "l:9092"));
    EXPECT_EQ(config->kafka_store->topic, "venus-center");
    EXPECT_EQ(config->kafka_store->properties.at("sasl.mechanism"), "PLAIN");
    EXPECT_EQ(config->kafka_store->properties.at("retries"), "7");
    EXPECT_FALSE(parse(kToken)->kafka_store);
    const auto faults_with = [&](const std::string& more) { return faults(with(more)); };
    EXPECT_THAT(faults_with("type = \"kafka\"\n"), HasSubstr("f:3:1: error: store.brokers: is missing"));
    EXPECT_THAT(faults_with("type = \"kafka\"\nbrokers = [1]\n"), HasSubstr("store.brokers[0]: is an integer"));
    EXPECT_THAT(faults_with("type = \"kafka\"\nbrokers = [\"k\"]\n"), HasSubstr("write host:port"));
    EXPECT_THAT(faults_with(kafka + "topic = \"a b\"\n"), HasSubstr("f:6:9: error: store.topic"));
    EXPECT_THAT(faults_with(kafka + "properties = { group.id = \"x\" }\n"), HasSubstr("by the center itself"));
    EXPECT_THAT(faults_with(kafka + "properties = { no.such = \"x\" }\n"), HasSubstr("librdkafka refuses it"));
    EXPECT_THAT(faults_with("brokers = [\"k:9092\"]\n"), HasSubstr("is not used (write type"));
}

TEST(CenterConfig, CutOffOrDamagedAnywhereItIsReadOrRefused) {
    const auto text = reference();
    for (std::size_t at = 0; at < text.size(); at += 3) (void)parse(text.substr(0, at));
    constexpr std::string_view kBytes = "\"'[{=.#\n0\xFF";
    for (std::size_t at = 0; at < text.size(); at += 3) {
        auto damaged = text;
        damaged[at] = kBytes[at % kBytes.size()];
        (void)parse(damaged);
    }
}

}  // namespace
}  // namespace center::app
