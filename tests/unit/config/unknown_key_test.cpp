#include <gmock/gmock.h>

#include "tests/unit/config/complaints.h"

namespace config {
namespace {

using testing::HasSubstr;

constexpr std::string_view kRest = "[[pipelines]]\nname='a'\nsource.include=['/x']\nsink.type='console'\n";

std::string with(std::string_view line) {
    return complaint(std::string(kRest) + std::string(line));
}

TEST(UnknownKey, NamesTheNearestKnownOne) {
    EXPECT_EQ(with("enabeld = true"), "pipelines[0].enabeld: unknown key (did you mean \"enabled\"?)");
    EXPECT_EQ(with("source.inclued = []"), "pipelines[0].source.inclued: unknown key (did you mean \"include\"?)");
    EXPECT_EQ(complaint("[agnet]\nx = 1"), "agnet: unknown key (did you mean \"agent\"?)");
    EXPECT_EQ(complaint("[clusters.a]\nbrokers=['a:1']\npropertys={}"),
              "clusters.a.propertys: unknown key (did you mean \"properties\"?)");
}

TEST(UnknownKey, InTheWrongTableNamesTheRightOne) {
    EXPECT_EQ(with("include = ['/y']"),
              "pipelines[0].include: unknown key here (did you mean \"pipelines.source.include\"?)");
    EXPECT_EQ(complaint("data_dir = '/x'"), "data_dir: unknown key here (did you mean \"agent.data_dir\"?)");
}

TEST(UnknownKey, ThatResemblesNothingIsToldWhatThereIs) {
    EXPECT_EQ(complaint("log.zzzzzzzzzz = 1"),
              "log.zzzzzzzzzz: unknown key (the nearest known key is \"level\"; known here: level, format)");
}

TEST(UnknownKey, APlaceholderOrADottedNameOfTheTableOfKeysIsNoKey) {
    EXPECT_THAT(with("'source.type' = 'file'"), HasSubstr("unknown key"));
    EXPECT_EQ(complaint("[clusters.NAME]\nbrokers=['a:1']"), "ok");
}

TEST(WrongType, IsToldWithWhatToWrite) {
    EXPECT_EQ(complaint("agent = 1"), "agent: is an integer (write a table: [agent])");
    EXPECT_EQ(complaint("agent.name = 1"), "agent.name: is an integer (write a string in quotes)");
    EXPECT_EQ(complaint("agent.memory_limit = 1"),
              "agent.memory_limit: is an integer (write a size in quotes: \"1MiB\")");
    EXPECT_EQ(complaint("agent.labels = { a = 1 }"), "agent.labels.a: is an integer (write a string in quotes)");
    EXPECT_EQ(complaint("agent.allow_paths = '/x'"), "agent.allow_paths: is a string (write [\"/x\"])");
    EXPECT_EQ(complaint("agent.allow_paths = [1]"), "agent.allow_paths[0]: is an integer (write a string in quotes)");
    EXPECT_EQ(with("enabled = 'yes'"), "pipelines[0].enabled: is a string (write true or false, without quotes)");
    EXPECT_EQ(complaint("[pipelines]\nname='a'"), "pipelines: is a table (write [[pipelines]], with two brackets)");
    EXPECT_EQ(complaint("agent.cpu_limit = '2'"), "agent.cpu_limit: is a string (write a number without quotes)");
    EXPECT_EQ(complaint("agent.cpu_limit = -1"),
              "agent.cpu_limit: -1 is out of bounds (from 0.01 to 1024 cores; 0: none)");
    EXPECT_THAT(complaint("agent.cpu_limit = nan"), HasSubstr("nan is out of bounds"));
    EXPECT_EQ(with("source.rate_limit = 10"),
              "pipelines[0].source.rate_limit: is an integer (write a rate in quotes: \"10MiB\" or \"5000\" a second)");
    EXPECT_EQ(
        with("source.rate_limit = 'fast'"),
        "pipelines[0].source.rate_limit: \"fast\" is not a rate (write bytes a second, 10MiB, or records a second, "
        "5000; leave it empty for none)");
    EXPECT_THAT(with("source.rate_limit = '0'"), HasSubstr("is not a rate"));
    EXPECT_THAT(with("source.priority = 'urgent'"), HasSubstr("high, normal, low"));
    EXPECT_EQ(complaint("agent.name = 2026-11-21"), "agent.name: is a date or time (write a string in quotes)");
}

TEST(LaterWord, IsRefusedWithTheWordsThatThereAre) {
    EXPECT_THAT(
        complaint("[clusters.a]\nbrokers=['a:1']\ndelivery = 'exactly_once'"),
        HasSubstr("\"exactly_once\" is not supported by this version (leave it out, or use one of: at_least_once)"));
}

TEST(UnknownWord, NamesTheNearestKnownOne) {
    EXPECT_EQ(complaint("log.level = 'wran'"), "log.level: \"wran\" is not known (did you mean \"warn\"?)");
    EXPECT_EQ(complaint("log.level = 'loudest'"),
              "log.level: \"loudest\" is not known (use one of: trace, debug, info, warn, error)");
}

}  // namespace
}  // namespace config
