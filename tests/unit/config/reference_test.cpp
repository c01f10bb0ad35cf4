// conf/agent.reference.toml, conf/agent.toml, the table of keys and the structs' defaults say the same.
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "common/config/keys.h"
#include "common/config/value.h"
#include "tests/unit/config/complaints.h"

namespace config {
namespace {

std::string text_of(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(VENUS_CONF_DIR "/" + name).rdbuf();
    return text.str();
}

// Keys as the table of keys spells them.
std::string spelling(std::string key) {
    for (auto at = key.find('['); at != std::string::npos; at = key.find('[')) key.erase(at, key.find(']') + 1 - at);
    if (const auto at = key.find("clusters.main"); at == 0) key.replace(0, 13, "clusters.NAME");
    return key;
}

void collect(const Value& value, std::set<std::string>& keys) {
    if (!value.key.empty()) keys.insert(spelling(value.key));
    for (const auto& item : value.items) collect(item, keys);
}

TEST(Reference, ParsesAndItsValuesAreTheDefaults) {
    const auto config = parse(text_of("agent.reference.toml"));
    ASSERT_TRUE(config) << complaint(text_of("agent.reference.toml"));
    EXPECT_EQ(config->agent, parse("")->agent);
    EXPECT_EQ(config->log, LogConfig{});
    const auto& pipeline = config->pipelines.at(0);
    EXPECT_EQ(pipeline.source, FileSourceConfig{.include = pipeline.source.include});
    EXPECT_EQ(pipeline.sink, (SinkConfig{.cluster = pipeline.sink.cluster, .topic = pipeline.sink.topic}));
}

TEST(Reference, ShowsEveryKeyAndKnowsEveryKeyThatItShows) {
    const auto text = text_of("agent.reference.toml");
    std::set<std::string> shown;
    collect(*read_document(text), shown);
    for (const auto& spec : known_keys()) EXPECT_TRUE(shown.contains(std::string(spec.key))) << spec.key;
    for (const auto& key : shown) EXPECT_TRUE(key == "clusters.NAME" || find_key(key)) << key;
}

TEST(Reference, WritesTheDefaultThatTheTableOfKeysHas) {
    const auto root = read_document(text_of("agent.reference.toml"));
    const auto check = [](const auto& self, const Value& value) -> void {
        const auto* spec = find_key(spelling(value.key));
        const auto written = show_toml(value);
        const bool has_default = spec && !spec->fallback.empty() && !written.empty();
        if (has_default) {
            EXPECT_EQ(written, spec->fallback) << value.key;
        }
        for (const auto& item : value.items) {
            if (value.kind == Value::Kind::table || value.key == "pipelines") self(self, item);
        }
    };
    check(check, *root);
}

// Each complaint must have its place; that nothing asserts or reads out of bounds is for the sanitizers to see.
void expect_places(std::string_view toml) {
    const auto config = parse(toml);
    if (config) return;
    for (const auto& problem : config.error()) {
        EXPECT_GT(problem.line, 0U) << show(problem, "damaged");
        EXPECT_FALSE(problem.key.empty()) << show(problem, "damaged");
    }
}

TEST(Reference, CutOffAnywhereItIsReadOrRefused) {
    const auto text = text_of("agent.reference.toml");
    for (std::size_t size = 0; size < text.size(); size += 3) expect_places(text.substr(0, size));
}

TEST(Reference, WithAnyByteReplacedItIsReadOrRefused) {
    const auto text = text_of("agent.reference.toml");
    constexpr std::string_view kBytes = "\"'[{=.#\n0\xFF";
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto damaged = text;
        damaged[at] = kBytes[at % kBytes.size()];
        expect_places(damaged);
    }
}

TEST(Reference, WithAnyValueOfAnotherTypeItIsReadOrRefused) {
    for (const auto& spec : known_keys()) {
        std::string key(spec.key);
        if (const auto at = key.find("NAME"); at != std::string::npos) key.replace(at, 4, "main");
        for (const auto* value : {"1", "0.5", "true", "'x'", "''", "[]", "[1]", "['x']", "[[]]", "[{}]", "{}",
                                  "{ x = {} }", "2026-11-21"}) {
            if (key.starts_with("pipelines.")) {
                expect_places("[[pipelines]]\n" + key.substr(10) + " = " + value);
            } else {
                expect_places(key + " = " + value);
            }
        }
    }
}

TEST(FirstConfig, IsValid) {
    EXPECT_EQ(complaint(text_of("agent.toml")), "ok");
}

TEST(ConfigsOfExamples, AreValid) {
    for (const auto* file : {"containers.toml", "java.toml", "nginx.toml"})
        EXPECT_EQ(complaint(text_of(file)), "ok") << file;
}

TEST(ConfigOfProcessors, IsValidAndHasEachOfThem) {
    ASSERT_EQ(::setenv("REDACT_KEY", "a key", 1), 0);
    const auto text = text_of("processors.toml");
    EXPECT_EQ(complaint(text), "ok");
    std::set<std::size_t> types;
    const auto parsed = parse(text);
    for (const auto& pipeline : parsed->pipelines)
        for (const auto& processor : pipeline.processors) types.insert(processor.what.index());
    EXPECT_EQ(types.size(), std::variant_size_v<decltype(process::ProcessorOptions::what)>);
}

TEST(ConfigOfRouting, IsValid) {
    EXPECT_EQ(complaint(text_of("routing.toml")), "ok");
}

TEST(Keys, EachHasALineOfDocumentationAndItsDefaultIsOneOfItsChoices) {
    for (const auto& spec : known_keys()) {
        EXPECT_FALSE(spec.doc.empty()) << spec.key;
        if (spec.choices.empty() || spec.fallback.empty() || spec.type != KeyType::text) continue;
        const auto word = spec.fallback.substr(1, spec.fallback.size() - 2);
        EXPECT_THAT(spec.choices, testing::Contains(word)) << spec.key;
    }
}

}  // namespace
}  // namespace config
