#include "agent/control/central_store.h"

#include <gmock/gmock.h>

#include "tests/unit/support/file_size_limit.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::control {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

KeptConfig some_config(const std::string& hash) {
    return {
        .config = {.files = {{"pipelines/a.toml", {.body = std::string("\0\xFF x", 4), .content_type = "text/toml"}},
                             {"", {.body = "", .content_type = ""}}},
                   .hash = hash},
        .revision = 1ULL << 50,
        .applied = std::chrono::sys_seconds(std::chrono::seconds(1'763'760'000))};
}

struct CentralStoreTest : testing::Test {
    // What is there when `name` is damaged: nothing, or all of it, but never something else.
    void expect_damage_is_seen(const std::string& name,
                               const std::function<bool(const CentralStore::Found&)>& is_there) {
        const auto good = test::contents_of(folder.at(name));
        for (std::size_t at = 0; at < good.size(); ++at) {
            test::rewrite(folder.at(name), good.substr(0, at));
            auto found = store.load();
            EXPECT_FALSE(is_there(found)) << at;
            EXPECT_THAT(found.damage, SizeIs(1)) << at;
            auto damaged = good;
            damaged[at] = static_cast<char>(damaged[at] ^ 1);
            test::rewrite(folder.at(name), damaged);
            found = store.load();
            EXPECT_FALSE(is_there(found)) << at;
            EXPECT_THAT(found.damage, SizeIs(1)) << at;
        }
        test::rewrite(folder.at(name), good);
    }

    test::TempFolder folder;
    CentralStore store{folder.path()};
};

TEST_F(CentralStoreTest, AtFirstThereIsNothing) {
    const auto found = store.load();
    EXPECT_FALSE(found.good || found.trial || found.refusal);
    EXPECT_THAT(found.damage, IsEmpty());
}

TEST_F(CentralStoreTest, WhatIsKeptIsFound) {
    ASSERT_TRUE(store.keep_good(some_config("g")));
    ASSERT_TRUE(store.keep_trial({.kept = some_config("t"), .starts = 2}));
    auto found = store.load();
    EXPECT_EQ(found.good, some_config("g"));
    EXPECT_EQ(found.trial, (Trial{.kept = some_config("t"), .starts = 2}));
    ASSERT_TRUE(store.keep_refusal({.hash = "t\xFF", .error = "\"why\""}));
    found = store.load();
    EXPECT_EQ(found.good, some_config("g"));
    EXPECT_FALSE(found.trial);
    EXPECT_EQ(found.refusal, (Refusal{.hash = "t\xFF", .error = "\"why\""}));
}

TEST_F(CentralStoreTest, WhatIsGoodIsNotOnTrialAnyMore) {
    ASSERT_TRUE(store.keep_trial({.kept = some_config("t"), .starts = 1}));
    const auto trial = test::contents_of(folder.at("central-trial"));
    ASSERT_TRUE(store.keep_good(some_config("t")));
    EXPECT_FALSE(store.load().trial);
    test::rewrite(folder.at("central-trial"), trial);  // the agent was killed between the two
    EXPECT_FALSE(store.load().trial);
    EXPECT_EQ(store.load().good, some_config("t"));
}

TEST_F(CentralStoreTest, AnyDamageIsSeenAndDoneWithout) {
    ASSERT_TRUE(store.keep_good(some_config("g")));
    ASSERT_TRUE(store.keep_trial({.kept = some_config("t"), .starts = 2}));
    expect_damage_is_seen("central-good", [](const auto& found) { return found.good.has_value(); });
    expect_damage_is_seen("central-trial", [](const auto& found) { return found.trial.has_value(); });
    ASSERT_TRUE(store.keep_refusal({.hash = "h", .error = "e"}));
    expect_damage_is_seen("central-trial", [](const auto& found) { return found.refusal.has_value(); });
}

TEST_F(CentralStoreTest, WhatCannotBeWrittenLeavesWhatIsThere) {
    ASSERT_TRUE(store.keep_good(some_config("g")));
    CentralStore nowhere("/no/such/folder");
    EXPECT_FALSE(nowhere.keep_good(some_config("x")));
    EXPECT_EQ(store.load().good, some_config("g"));
}

}  // namespace
}  // namespace agent::control
