#include "agent/control/config_applier.h"

#include <gmock/gmock.h>

#include "common/crypto/signing.h"
#include "tests/unit/control/control_world.h"

namespace agent::control {
namespace {

using opamp::ConfigStatus;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;

struct Applier : ControlWorld {
    // Offered, and through its probation.
    void apply(const opamp::RemoteConfig& config) {
        applier->offer(config);
        ASSERT_TRUE(reaches(ConfigStatus::applied, config.hash)) << applier->status().error;
    }
    std::string refusal_of(const opamp::RemoteConfig& config) {
        applier->offer(config);
        return reaches(ConfigStatus::failed, config.hash) ? applier->status().error : "not refused";
    }
    std::string kept_trial() const { return test::contents_of(folder.at("data/central-trial")); }
};

TEST_F(Applier, AnOfferIsAppliedOnProbationAndThenKept) {
    start();
    const auto config = config_of(pipeline("a"));
    applier->offer(config);
    ASSERT_TRUE(reaches(ConfigStatus::applying, config.hash));
    EXPECT_TRUE(delivers("a", "one"));
    ASSERT_TRUE(reaches(ConfigStatus::applied, config.hash));
    EXPECT_THAT(kept_trial(), IsEmpty());
    EXPECT_TRUE(applier->applied_at());
    die();
    start();
    EXPECT_TRUE(runs("a"));
    EXPECT_EQ(applier->status().status, ConfigStatus::applied);
    EXPECT_EQ(applier->status().last_hash, config.hash);
}

TEST_F(Applier, PipelinesOfTheHostsOwnFileRunBesideThoseOfTheCenter) {
    write_local("[[pipelines]]\n" +
                pipeline("local").replace(pipeline("local").find("[source]"), 8, "[pipelines.source]"));
    auto text = test::contents_of(folder.at("agent.toml"));
    text.replace(text.rfind("[sink]"), 6, "[pipelines.sink]");
    test::rewrite(folder.at("agent.toml"), text);
    start();
    apply(config_of(pipeline("a")));
    EXPECT_TRUE(runs("local") && runs("a"));
    EXPECT_THAT(refusal_of(config_of(pipeline("local"))),
                HasSubstr("is the name of a pipeline of the host's own file"));
    EXPECT_TRUE(runs("local") && runs("a"));
    const auto files = applier->effective_files();
    EXPECT_THAT(files.at("local.toml").body, HasSubstr("name = \"local\""));
    EXPECT_EQ(files.at("pipelines/p.toml").body, pipeline("a"));
}

TEST_F(Applier, ABrokenOfferChangesNothingAndIsNotTriedAgain) {
    start();
    apply(config_of(pipeline("a")));
    const auto broken = config_of("name = 'x'\nsurce = 1\n");
    EXPECT_THAT(refusal_of(broken), HasSubstr("pipelines/p.toml:2:1: error: surce: unknown key"));
    EXPECT_TRUE(runs("a"));
    EXPECT_TRUE(delivers("a", "still"));
    applier->offer(broken);
    EXPECT_EQ(applier->status().status, ConfigStatus::failed);
    die();
    start();  // it stays refused, and what was good runs
    EXPECT_EQ(applier->status().status, ConfigStatus::failed);
    EXPECT_EQ(applier->status().last_hash, broken.hash);
    EXPECT_THAT(applier->status().error, HasSubstr("unknown key"));
    EXPECT_TRUE(runs("a"));
    apply(config_of(pipeline("b")));
    EXPECT_TRUE(runs("b"));
    EXPECT_FALSE(runs("a"));
}

TEST_F(Applier, PathsThatTheHostDoesNotAllowAreRefused) {
    start();
    EXPECT_THAT(refusal_of(config_of("name = 'x'\nsource = { include = ['/etc/*'] }\nsink = { type = 'blackhole' }")),
                HasSubstr("is not within agent.allow_paths of this host"));
}

TEST_F(Applier, ALinkThatLeavesWhatTheHostAllowsIsNotFollowed) {
    test::rewrite(folder.at("secret"), "private\n");
    std::filesystem::create_symlink(folder.at("secret"), folder.at("logs/link.log"));
    start();
    auto text = pipeline("a");
    text.replace(text.find("a.log"), 5, "*.log");
    apply(config_of(text));
    EXPECT_TRUE(delivers("a", "public"));
    EXPECT_THAT(test::contents_of(folder.at("out")), testing::Not(HasSubstr("private")));
    EXPECT_THAT(pipelines->unfollowed().at(folder.at("logs/link.log")), HasSubstr("is not within agent.allow_paths"));
}

TEST_F(Applier, APipelineThatTheConfigChangedAndThatFailsOnProbationBringsTheLastGoodConfigBack) {
    start();
    apply(config_of(pipeline("a")));
    ASSERT_TRUE(delivers("a", "one"));
    test::rewrite(folder.at("file"), "");
    const auto sick = config_of(pipeline("a", "file/out"));  // nothing can be written below a file
    applier->offer(sick);
    ASSERT_TRUE(reaches(ConfigStatus::applying, sick.hash));
    test::append_to(folder.at("logs/a.log"), "two\n");
    ASSERT_TRUE(reaches(ConfigStatus::failed, sick.hash));
    EXPECT_THAT(applier->status().error, HasSubstr("pipeline a: was healthy before"));
    EXPECT_TRUE(delivers("a", "three"));
    EXPECT_EQ(test::contents_of(folder.at("out")), "one\ntwo\nthree\n");
}

TEST_F(Applier, AnotherOfferTakesThePlaceOfTheOneOnProbation) {
    start();
    const auto first = config_of(pipeline("a"));
    applier->offer(first);
    ASSERT_TRUE(reaches(ConfigStatus::applying, first.hash));
    for (const std::string name : {"b", "c", "d"}) applier->offer(config_of(pipeline(name)));
    const auto last = config_of(pipeline("e"));
    apply(last);
    EXPECT_TRUE(runs("e"));
    EXPECT_EQ(applier->effective().pipelines.size(), 1U);
}

TEST_F(Applier, AnEmptyOfferEndsTheCentralPipelines) {
    start();
    apply(config_of(pipeline("a")));
    apply({.files = {}, .hash = "empty"});
    EXPECT_THAT(applier->effective().pipelines, IsEmpty());
}

TEST_F(Applier, AfterThreeStartsThatDieOnProbationTheNextOneIsOnTheLastGoodConfig) {
    start();
    apply(config_of(pipeline("a")));
    const auto deadly = config_of(pipeline("b"));
    write_local("", "probation = '1h'");
    die();
    start();
    applier->offer(deadly);
    ASSERT_TRUE(reaches(ConfigStatus::applying, deadly.hash));
    for (unsigned i = 0; i < ConfigApplier::kStartsMax; ++i) {
        die();
        start();
        EXPECT_TRUE(runs("b")) << i;
        EXPECT_EQ(applier->status().status, ConfigStatus::applying) << i;
    }
    die();
    start();
    EXPECT_TRUE(runs("a"));
    EXPECT_FALSE(runs("b"));
    EXPECT_EQ(applier->status().status, ConfigStatus::failed);
    EXPECT_EQ(applier->status().last_hash, deadly.hash);
    EXPECT_THAT(applier->status().error, HasSubstr("died on probation 3 times"));
}

TEST_F(Applier, AnEndThatWasAskedForIsNoDeath) {
    write_local("", "probation = '1h'");
    start();
    const auto config = config_of(pipeline("a"));
    applier->offer(config);
    ASSERT_TRUE(reaches(ConfigStatus::applying, config.hash));
    for (int i = 0; i < 10; ++i) {
        applier->stop();
        die();
        start();
    }
    EXPECT_TRUE(runs("a"));
    EXPECT_EQ(applier->status().status, ConfigStatus::applying);
}

TEST_F(Applier, ADamagedTrialIsForgottenAndADamagedGoodConfigIsDoneWithout) {
    start();
    apply(config_of(pipeline("a")));
    die();
    test::rewrite(folder.at("data/central-trial"), "damaged");
    start();
    EXPECT_TRUE(runs("a"));
    EXPECT_EQ(applier->status().status, ConfigStatus::applied);
    die();
    test::rewrite(folder.at("data/central-good"), "damaged");
    start();
    EXPECT_FALSE(runs("a"));
    apply(config_of(pipeline("a")));
    EXPECT_TRUE(runs("a"));
}

TEST_F(Applier, AReloadOfTheHostsOwnFileMergesAgain) {
    start();
    apply(config_of(pipeline("a")));
    write_local("[[pipelines]]\nname = 'local'\nsource = { include = ['/x'] }\nsink = { type = 'blackhole' }");
    reload();
    EXPECT_TRUE(runs("a") && runs("local"));
    EXPECT_TRUE(delivers("a", "on and on"));
}

TEST_F(Applier, WhatTheHostDoesNotAllowAnyMoreEndsAndTheRestRunsOn) {
    start();
    auto config = config_of(pipeline("a"));
    config.files["pipelines/q.toml"] = {.body = pipeline("b"), .content_type = "text/toml"};
    config.hash = opamp::config_hash(config.files);
    apply(config);
    write_local("[[pipelines]]\nname = 'b'\nsource = { include = ['/x'] }\nsink = { type = 'blackhole' }");
    reload();
    EXPECT_TRUE(runs("a"));
    EXPECT_EQ(applier->effective().pipelines.size(), 2U);
    EXPECT_EQ(applier->status().status, ConfigStatus::failed);
    EXPECT_THAT(applier->refused(), HasSubstr("q.toml"));
    EXPECT_FALSE(applier->effective_files().contains("pipelines/q.toml")) << "it does not run";

    write_local("");
    reload();
    EXPECT_TRUE(runs("a") && runs("b"));
    EXPECT_EQ(applier->status().status, ConfigStatus::applied);
    EXPECT_EQ(applier->status().last_hash, config.hash);
    EXPECT_EQ(applier->refused(), "");
    EXPECT_TRUE(applier->effective_files().contains("pipelines/q.toml"));
}

TEST_F(Applier, WithoutACenterWhatWasKeptIsNotLookedAt) {
    start();
    apply(config_of(pipeline("a")));
    die();
    auto text = test::contents_of(folder.at("agent.toml"));
    test::rewrite(folder.at("agent.toml"), text.substr(0, text.find("[center]")));
    start();
    EXPECT_FALSE(runs("a"));
}

struct SignedOffers : Applier {
    SignedOffers() { write_local("", "probation = '10ms'\nverify_key = '" + key.public_key() + "'"); }

    opamp::RemoteConfig signed_config(const std::string& text, std::uint64_t revision,
                                      std::chrono::seconds lasts = std::chrono::hours(1)) const {
        auto config = config_of(text);
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        opamp::add_manifest(config.files, {.revision = revision, .expires = now + lasts}, &key);
        return config;
    }
    crypto::SigningKey key = crypto::SigningKey::generate();
};

TEST_F(SignedOffers, SignedByTheirOwnerTheyAreApplied) {
    start();
    apply(signed_config(pipeline("a"), 7));
    EXPECT_EQ(applier->revision(), 7U);
    EXPECT_EQ(applier->effective_files().count("manifest.json"), 0U);
}

TEST_F(SignedOffers, UnsignedWronglySignedOrExpiredTheyAreRefused) {
    start();
    EXPECT_THAT(refusal_of(config_of(pipeline("a"))), HasSubstr("it is not signed"));
    auto changed = signed_config(pipeline("b"), 7);
    changed.files["pipelines/p.toml"].body = pipeline("c");
    changed.hash = "changed";
    EXPECT_THAT(refusal_of(changed), HasSubstr("is not what the manifest says"));
    EXPECT_THAT(refusal_of(signed_config(pipeline("d"), 7, std::chrono::seconds(-1))), HasSubstr("expired"));
    key = crypto::SigningKey::generate();
    EXPECT_THAT(refusal_of(signed_config(pipeline("e"), 7)), HasSubstr("its signature is not that of"));
    EXPECT_THAT(applier->effective().pipelines, IsEmpty());
}

TEST_F(SignedOffers, AnOlderOneCannotBeReplayedOverRestartsEither) {
    start();
    apply(signed_config(pipeline("a"), 7));
    apply(signed_config(pipeline("b"), 8));
    die();
    start();
    EXPECT_THAT(refusal_of(signed_config(pipeline("a"), 7)), HasSubstr("its revision 7 is older than 8"));
    EXPECT_THAT(refusal_of(signed_config(pipeline("c"), 8)), HasSubstr("revision 8 is that of another config"));
    EXPECT_TRUE(runs("b"));
    apply(signed_config(pipeline("a"), 9));
    EXPECT_TRUE(runs("a"));
}

TEST_F(SignedOffers, TheGoodOneUnderANewSignatureIsGoodAtOnce) {
    start();
    const auto first = signed_config(pipeline("a"), 7);
    apply(first);
    EXPECT_THAT(refusal_of(config_of(pipeline("x"))), HasSubstr("not signed"));
    const auto again = signed_config(pipeline("a"), 9);
    ASSERT_EQ(again.hash, first.hash);
    applier->offer(again);
    EXPECT_EQ(applier->status().status, ConfigStatus::applied);
    EXPECT_EQ(applier->revision(), 9U);
}

}  // namespace
}  // namespace agent::control
