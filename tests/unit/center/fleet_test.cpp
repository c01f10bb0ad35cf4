#include "center/fleet/fleet.h"

#include <gmock/gmock.h>

#include "center/catalog/codec.h"
#include "center/fleet/credentials.h"
#include "center/fleet/offers.h"
#include "center/fleet/progress.h"
#include "center/fleet/sequence.h"
#include "center/fleet/stats_json.h"
#include "common/opamp/signed_config.h"

namespace center::fleet {
namespace {

using opamp::ConfigStatus;

TEST(SequenceWatch, OneAgentCountsOnAndIsAskedWhenSomethingIsMissing) {
    SequenceWatch watch;
    EXPECT_EQ(watch.take(1), Sequence::gap);
    EXPECT_EQ(watch.take(2), Sequence::next);
    EXPECT_EQ(watch.take(2), Sequence::next);  // sent again: its answer was lost
    EXPECT_EQ(watch.take(4), Sequence::gap);
    EXPECT_EQ(watch.take(5), Sequence::next);
}

TEST(SequenceWatch, AnAgentThatBeginsAnewAgainAndAgainIsNoDuplicate) {
    SequenceWatch watch;
    for (int start = 0; start < 50; ++start)
        for (std::uint64_t number = 1; number <= 1 + static_cast<std::uint64_t>(start) % 7; ++number)
            EXPECT_NE(watch.take(number), Sequence::duplicate) << start << " " << number;
}

TEST(SequenceWatch, OfTwoThatTakeTurnsTheLaterOneIsTheDuplicate) {
    SequenceWatch watch;
    for (std::uint64_t number = 1; number <= 10; ++number) watch.take(number);
    int duplicates_of_first = 0;
    int duplicates_of_second = 0;
    for (std::uint64_t turn = 1; turn <= 3; ++turn) {
        duplicates_of_second += watch.take(turn) == Sequence::duplicate ? 1 : 0;
        if (duplicates_of_second > 0) break;
        duplicates_of_first += watch.take(10 + turn) == Sequence::duplicate ? 1 : 0;
    }
    EXPECT_EQ(duplicates_of_first, 0);
    EXPECT_EQ(duplicates_of_second, 1);
}

TEST(SequenceWatch, TwoThatCountInStepAreFoundOut) {
    SequenceWatch watch;
    for (std::uint64_t number = 1; number < 5; ++number)
        for (int agent = 0; agent < 2; ++agent)
            EXPECT_EQ(watch.take(number), number == 1 && agent == 0 ? Sequence::gap : Sequence::next);
    EXPECT_EQ(watch.take(5), Sequence::next);
    EXPECT_EQ(watch.take(5), Sequence::duplicate);
}

TEST(SequenceWatch, AMessageThatIsSentAgainNowAndThenIsNoDuplicate) {
    SequenceWatch watch;
    (void)watch.take(1);
    for (std::uint64_t number = 2; number < 100; ++number)
        for (std::uint64_t time = 0; time < (number % 5 == 0 ? 1 : 3); ++time)
            EXPECT_EQ(watch.take(number), Sequence::next);
}

TEST(Credential, IsGoodForItsAgentAndAnyChangedBitIsNot) {
    const Credential credential{.uid_hex = "00ff", .group = "g", .issued = 123};
    const auto text = issue(credential, "secret");
    EXPECT_EQ(verify(text, "secret"), credential);
    EXPECT_FALSE(verify(text, "other"));
    EXPECT_FALSE(verify(text, ""));
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto changed = text;
        changed[at] = changed[at] == '0' ? '1' : '0';
        EXPECT_FALSE(verify(changed, "secret")) << at;
        EXPECT_FALSE(verify(text.substr(0, at), "secret"));
    }
    EXPECT_FALSE(verify("vac_" + std::string(10'000, 'a'), "secret"));
}

TEST(Stats, WhatIsOddStaysAsItWas) {
    const Stats before{.lag_bytes = 5, .records_rejected = 6};
    EXPECT_EQ(stats_of(R"({"lag_bytes": 7})", before).lag_bytes, 7);
    EXPECT_EQ(stats_of(R"({"lag_bytes": 7})", before).records_rejected, 6U);
    for (const auto* odd : {"", "[]", "{", R"({"lag_bytes": "x", "records_rejected": -1})", "null"}) {
        EXPECT_EQ(stats_of(odd, before).lag_bytes, 5) << odd;
        EXPECT_EQ(stats_of(odd, before).records_rejected, 6U) << odd;
    }
}

// A fleet whose agents say what a test wants, under one rollout.
class FleetTest : public testing::Test {
 protected:
    FleetTest() {
        put("body/h1", "name = \"p\"\n");
        put("body/h2", "name = \"p\" # 2\n");
        put("revision/pipeline/p/0000000001", R"({"hash":"h1","at":0,"by":""})");
        put("revision/pipeline/p/0000000002", R"({"hash":"h2","at":0,"by":""})");
    }

    void put(const std::string& key, const std::string& value) {
        const auto applied = catalog::apply(state_, key, value);
        ASSERT_TRUE(applied) << applied.error().message;
    }

    void place(const model::Placement& placement) { put("placement/g", catalog::encode(placement)); }

    Agent& agent(const std::string& uid, const model::Labels& labels = {}) {
        auto& made = *fleet_.admit(uid);
        opamp::AgentToServer message{.instance_uid = uid,
                                     .capabilities = opamp::agent_capability::kAcceptsRemoteConfig,
                                     .description = opamp::AgentDescription{}};
        for (const auto& [key, value] : labels) message.description->non_identifying["label." + key] = value;
        fleet_.take(made, message, now_, 1);
        return made;
    }

    void says(Agent& agent, ConfigStatus status, const std::string& hash) {
        opamp::AgentToServer message{.capabilities = agent.capabilities};
        message.remote_config_status = {.last_hash = hash, .status = status, .error = ""};
        fleet_.take(agent, message, now_, 1);
    }

    catalog::State state_;
    Fleet fleet_{{.agents_max = 100, .heartbeat_interval = std::chrono::seconds(5)}};
    Offers offers_{state_};
    Clock::time_point now_ = Clock::now();
};

TEST_F(FleetTest, AgentsOfOneSetOfRevisionsShareOneOffer) {
    place({.base = model::Assignment{.selector = {}, .pipelines = {{"p", 1}}, .clusters = {}}, .layers = {}});
    const auto first = offers_.wanted(agent("a"));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->files.at("pipelines/p.toml").body, "name = \"p\"\n");
    EXPECT_EQ(offers_.wanted(agent("b")).get(), first.get());
}

TEST_F(FleetTest, AnAgentThatNothingIsKnownForIsOfferedNothingUnlessItRunsWhatWeGaveIt) {
    auto& one = agent("a", {{"app", "x"}});
    EXPECT_FALSE(offers_.wanted(one));
    place(
        {.base = model::Assignment{.selector = *model::Selector::parse("app = \"y\""), .pipelines = {}, .clusters = {}},
         .layers = {}});
    says(one, ConfigStatus::applied, std::string(32, 'z'));  // another center's
    EXPECT_FALSE(offers_.wanted(one));
    state_.offered[std::string(32, 'z')] = 1;
    says(one, ConfigStatus::applied, std::string(32, 'z'));
    ASSERT_TRUE(offers_.wanted(one));
    EXPECT_TRUE(offers_.wanted(one)->files.empty());
}

TEST_F(FleetTest, ChangedLabelsChangeWhatIsWanted) {
    place({.base =
               model::Assignment{
                   .selector = *model::Selector::parse("app = \"x\""), .pipelines = {{"p", 1}}, .clusters = {}},
           .layers = {}});
    auto& one = agent("a", {{"app", "y"}});
    EXPECT_FALSE(offers_.wanted(one));
    fleet_.take(one,
                {.description = opamp::AgentDescription{.identifying = {}, .non_identifying = {{"label.app", "x"}}}},
                now_, 1);
    EXPECT_TRUE(offers_.wanted(one));
}

TEST_F(FleetTest, AnAgentIsSilentAfterThreeHeartbeatsAndForgottenMuchLater) {
    auto& one = agent("a");
    EXPECT_TRUE(fleet_.is_online(one, now_ + std::chrono::seconds(15)));
    EXPECT_FALSE(fleet_.is_online(one, now_ + std::chrono::seconds(16)));
    fleet_.forget_silent(now_ + std::chrono::hours(23));
    EXPECT_TRUE(fleet_.find("a"));
    fleet_.forget_silent(now_ + std::chrono::hours(25));
    EXPECT_FALSE(fleet_.find("a"));
}

TEST_F(FleetTest, MoreAgentsThanAllowedAreNotAdmitted) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(fleet_.admit("uid" + std::to_string(i)));
    EXPECT_FALSE(fleet_.admit("one more"));
}

TEST_F(FleetTest, TwoAgentsOfOneNameAreFoundByIdAlone) {
    agent("a").name = "web";
    EXPECT_TRUE(fleet_.find_by_id_or_name("web"));
    auto& second = agent("b");
    second.name = "web";
    EXPECT_FALSE(fleet_.find_by_id_or_name("web"));
    EXPECT_EQ(fleet_.find_by_id_or_name(second.id), &second);
}

TEST_F(FleetTest, ARetryIsAnotherHashOfTheSameFiles) {
    place({.base = model::Assignment{.selector = {}, .pipelines = {{"p", 1}}, .clusters = {}}, .layers = {}});
    auto& one = agent("a");
    const auto first = Offers::hash_for(one, *offers_.wanted(one));
    one.retries = 1;
    EXPECT_NE(Offers::hash_for(one, *offers_.wanted(one)), first);
}

TEST_F(FleetTest, ProgressTellsWhoAppliedFailedWentSilentAndWhoIsAwaited) {
    const model::Assignment target{.selector = {}, .pipelines = {{"p", 2}}, .clusters = {}};
    const model::Rollout rollout{.id = 1, .group = "g", .target = target, .stages = {{.share = 10'000}}};
    put("rollout/0000000001", catalog::encode(rollout));
    place({.base = std::nullopt, .layers = {1}});
    auto& applied = agent("applied");
    auto& failed = agent("failed");
    auto& silent = agent("silent");
    agent("awaited");
    agent("left").has_left = true;
    agent("foreign").capabilities = 0;  // takes no config
    Progress progress;
    const auto hash = offers_.wanted(applied)->hash;
    auto facts = progress.look(rollout, fleet_, offers_, now_);
    EXPECT_EQ(facts.reached.agents, 4U);
    EXPECT_EQ(facts.pending(), 4U);
    EXPECT_EQ(facts.offered, 0U);
    says(applied, ConfigStatus::applied, hash);
    says(failed, ConfigStatus::failed, hash);
    silent.last_seen = now_ - std::chrono::minutes(1);
    facts = progress.look(rollout, fleet_, offers_, now_);
    EXPECT_EQ(facts.applied, 1U);
    EXPECT_EQ(facts.failed, 1U);
    EXPECT_EQ(facts.refused_before, 0U);
    EXPECT_EQ(facts.reached.silent, 1U);
    EXPECT_EQ(facts.pending(), 1U);
    EXPECT_EQ(facts.offered, 2U);
    applied.last_seen = now_ - std::chrono::minutes(1);  // it may have been the config
    EXPECT_EQ(progress.look(rollout, fleet_, offers_, now_).reached.silent, 2U);
}

TEST_F(FleetTest, ProgressComparesLagWithWhatItWasWhenTheRolloutMetTheAgent) {
    const model::Assignment target{.selector = {}, .pipelines = {{"p", 2}}, .clusters = {}};
    model::Rollout rollout{.id = 1, .group = "g", .target = target, .stages = {{.share = 10'000}}};
    put("rollout/0000000001", catalog::encode(rollout));
    place({.base = std::nullopt, .layers = {1}});
    auto& one = agent("one");
    one.stats = Stats{.lag_bytes = 100, .records_rejected = 5};
    Progress progress;
    EXPECT_EQ(progress.look(rollout, fleet_, offers_, now_).reached.lag_rise_bytes, 0);
    one.stats->lag_bytes = 350;
    one.stats->records_rejected = 9;
    const auto facts = progress.look(rollout, fleet_, offers_, now_);
    EXPECT_EQ(facts.reached.lag_rise_bytes, 250);
    EXPECT_EQ(facts.reached.rejected_rise, 4);
}

}  // namespace
}  // namespace center::fleet
