#include "common/config/interpolate.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "common/config/load.h"
#include "tests/unit/config/complaints.h"

namespace config {
namespace {

using testing::HasSubstr;
using testing::Not;

class Interpolate : public testing::Test {
 protected:
    Interpolate() {
        std::ofstream(file_, std::ios::binary) << "s3cret-token\n";
        ::setenv("VENUS_TEST_NAME", "web-07", 1);
        ::unsetenv("VENUS_TEST_NONE");
    }
    ~Interpolate() override { std::filesystem::remove(file_); }

    std::string reference() const { return "${file:" + file_ + "}"; }

    std::string file_ = testing::TempDir() + "venus-interpolate-" + std::to_string(::getpid());
};

TEST_F(Interpolate, VariablesAndFilesAreReplacedAnywhereInAString) {
    EXPECT_EQ(interpolate("a-${env:VENUS_TEST_NAME}-b"), "a-web-07-b");
    EXPECT_EQ(interpolate(reference() + reference()), "s3cret-tokens3cret-token");
    EXPECT_EQ(interpolate("no reference $HOME {host}"), "no reference $HOME {host}");
}

TEST_F(Interpolate, OnlyTheLastLineEndingOfAFileIsTrimmed) {
    std::ofstream(file_, std::ios::binary) << " a\n\r\n";
    EXPECT_EQ(interpolate(reference()), " a\n");
    std::ofstream(file_, std::ios::binary) << "";
    EXPECT_EQ(interpolate(reference()), "");
}

TEST_F(Interpolate, WhatAFileContainsIsNotSearchedAgain) {
    std::ofstream(file_, std::ios::binary) << "${env:VENUS_TEST_NAME}";
    EXPECT_EQ(interpolate(reference()), "${env:VENUS_TEST_NAME}");
}

TEST_F(Interpolate, ADoubledDollarStandsForTheTextItself) {
    EXPECT_EQ(interpolate("$${env:X} costs $5 and $$"), "${env:X} costs $5 and $$");
    EXPECT_EQ(interpolate("$${${env:VENUS_TEST_NAME}"), "${web-07");
}

TEST_F(Interpolate, WhatCannotBeReplacedIsAnError) {
    EXPECT_EQ(interpolate("${env:VENUS_TEST_NONE}").error().message,
              "the environment variable \"VENUS_TEST_NONE\" is not set (set it, or write $${ for the text ${ itself)");
    EXPECT_THAT(interpolate("${file:/no/such}").error().message,
                HasSubstr("cannot read \"/no/such\": No such file or directory (ENOENT)"));
    EXPECT_THAT(interpolate("${file:token}").error().message, HasSubstr("not an absolute path"));
    EXPECT_THAT(interpolate("${file:/dev/null}").error().message, HasSubstr("not a regular file"));
    EXPECT_THAT(interpolate("a ${env:X").error().message, HasSubstr("\"${env:X\" has no closing brace"));
    EXPECT_THAT(interpolate("${HOME}").error().message, HasSubstr("unknown reference \"${HOME}\" (write ${env:NAME}"));
}

TEST_F(Interpolate, WorksInAnyStringOfAConfig) {
    const auto config = parse(
        "agent.name = '${env:VENUS_TEST_NAME}'\n"
        "[clusters.main]\nbrokers = ['${env:VENUS_TEST_NAME}:9092']\n"
        "properties = { 'sasl.password' = '" +
        reference() + "' }");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->agent.name, "web-07");
    EXPECT_EQ(config->clusters.at("main").brokers, std::vector<std::string>{"web-07:9092"});
    EXPECT_EQ(config->clusters.at("main").properties.at("sasl.password"), "s3cret-token");
}

TEST_F(Interpolate, AFailureIsReportedOnceAndNotAsAMalformedValueToo) {
    EXPECT_THAT(complaint("agent.memory_limit = '${env:VENUS_TEST_NONE}'"),
                testing::StartsWith("agent.memory_limit: the environment variable"));
}

TEST_F(Interpolate, AComplaintShowsTheReferenceAndNeverWhatItStoodFor) {
    const auto toml = "agent.shutdown_timeout = '" + reference() + "'\nagent.data_dir = '" + reference() + "'\n" +
                      "log.level = '" + reference() + "'\n" + "[clusters.main]\nbrokers = ['" + reference() +
                      "']\nproperties = { a = '" + reference() + "' }";
    const auto lines = complaints(toml, [](const auto&, const auto& value) { return "cannot use " + value; });
    EXPECT_EQ(lines.size(), 5U);
    for (const auto& line : lines) {
        EXPECT_THAT(line, Not(HasSubstr("s3cret")));
        EXPECT_THAT(line, HasSubstr("${file:"));
    }
}

}  // namespace
}  // namespace config
