#include "center/catalog/catalog.h"

#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "center/catalog/codec.h"
#include "center/catalog/plans.h"
#include "center/rollout/bucket.h"
#include "tests/unit/center/fake_store.h"

namespace center::catalog {
namespace {

using model::DocumentKind;
using model::RolloutState;
using testing::HasSubstr;

std::string pipeline(const std::string& name, const std::string& more = "") {
    return "name = \"" + name + "\"\n[source]\ninclude = [\"/var/log/x\"]\n[sink]\ntype = \"blackhole\"\n" + more;
}

class CatalogTest : public testing::Test {
 protected:
    CatalogTest() { reopen(); }

    void reopen() {
        auto opened = Catalog::open(store_);
        ASSERT_TRUE(opened) << opened.error().message;
        catalog_ = std::move(*opened);
    }

    // "" or why it was refused.
    std::string change(Catalog::Plan plan) {
        std::string outcome = "not answered";
        catalog_->change(std::move(plan), [&](const auto& done) { outcome = done ? "" : done.error().error; });
        return outcome;
    }

    std::string put(const std::string& name, const std::string& more = "") {
        return change(
            [&](const State& s) { return put_document(s, ann_, DocumentKind::pipeline, name, pipeline(name, more)); });
    }

    std::string put_group(const std::string& name, const std::string& selector, std::vector<std::string> pipelines) {
        const model::Group group{
            .name = name, .selector = *model::Selector::parse(selector), .pipelines = std::move(pipelines)};
        return change([&](const State& s) { return catalog::put_group(s, ann_, group); });
    }

    std::string start(const std::string& group, std::vector<model::Stage> stages = {{.share = 10'000}}) {
        return change([&](const State& s) {
            return start_rollout(s, ann_, {.group = group, .revisions = {}, .stages = stages, .gate = {}});
        });
    }

    std::string move(std::uint64_t id, RolloutState state) {
        return change([&](const State& s) {
            auto next = s.rollouts.at(id);
            next.state = state;
            return move_rollout(s, ann_, next, "test");
        });
    }

    // The revision of pipeline p that an agent of this bucket runs; 0: none.
    std::uint64_t revision_at(std::uint32_t bucket, const model::Labels& labels = {}) {
        const auto& state = catalog_->state();
        const auto* assignment = assigned(state, state.placements.at("g"), bucket, labels);
        return assignment && assignment->pipelines.contains("p") ? assignment->pipelines.at("p") : 0;
    }

    test::FakeStore store_;
    std::unique_ptr<Catalog> catalog_;
    Actor ann_{.name = "ann", .now = 1000};
};

TEST_F(CatalogTest, KeepsEveryRevisionOverARestart) {
    EXPECT_EQ(put("p"), "");
    EXPECT_EQ(put("p"), "");
    EXPECT_EQ(put("p", "# 2\n"), "");
    reopen();
    const auto& document = catalog_->state().pipelines.at("p");
    ASSERT_EQ(document.revisions.size(), 2U);
    EXPECT_EQ(*document.find(2)->body, pipeline("p", "# 2\n"));
    EXPECT_EQ(document.find(1)->by, "ann");
    EXPECT_EQ(document.find(3), nullptr);
    EXPECT_EQ(document.find(0), nullptr);
}

TEST_F(CatalogTest, AChangeThatTheStoreDidNotTakeIsNotSeen) {
    store_.is_broken = true;
    EXPECT_THAT(put("p"), HasSubstr("the test says so"));
    EXPECT_FALSE(catalog_->state().newest(DocumentKind::pipeline, "p"));
    store_.is_broken = false;
    EXPECT_EQ(put("p"), "");
    EXPECT_EQ(catalog_->state().pipelines.at("p").revisions.size(), 1U);
}

TEST_F(CatalogTest, ChangesAreMadeOneAfterTheOtherAndSeenOnceDurable) {
    ASSERT_EQ(put("p"), "");
    store_.is_slow = true;
    int refused = 0;
    for (const auto* group : {"a", "b"})  // both may be written by themselves, not beside each other
        catalog_->change(
            [&, group](const State& s) {
                return catalog::put_group(s, ann_, {.name = group, .selector = {}, .pipelines = {"p"}});
            },
            [&](const auto& done) { refused += done ? 0 : 1; });
    EXPECT_EQ(store_.waiting(), 1U);
    EXPECT_TRUE(catalog_->state().groups.empty());
    store_.finish();
    EXPECT_EQ(catalog_->state().groups.size(), 1U);
    EXPECT_EQ(refused, 1);
}

TEST_F(CatalogTest, TooManyWaitingChangesAreRefused) {
    store_.is_slow = true;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < Catalog::kChangesWaitingMax + 11; ++i)
        catalog_->change(
            [i](const State&) -> Planned {
                return store::Batch{{"offered/00", encode_time(static_cast<model::TimeMs>(i))}};
            },
            [&](const auto& done) { refused += done ? 0U : 1U; });
    EXPECT_EQ(refused, 10U);  // one is being written
    store_.is_slow = false;
    store_.finish();
}

TEST_F(CatalogTest, EachChangeHasItsAuditEntryAndTheyAreCountedOverRestarts) {
    put("p");
    put("p");
    put_group("g", "", {"p"});
    reopen();
    start("g");
    std::vector<model::AuditEntry> entries;
    catalog_->read_audit(0, 10, [&](const auto& read) {
        if (read) entries.assign(read->begin(), read->end());
    });
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].number, 3U);
    EXPECT_EQ(entries[0].action, "rollout.start");
    EXPECT_EQ(entries[2].action, "pipeline.put");
}

TEST_F(CatalogTest, AgentsGetWhatTheNewestRolloutThatReachedThemHas) {
    put("p");
    put_group("g", "", {"p"});
    ASSERT_EQ(start("g"), "");
    EXPECT_EQ(revision_at(0), 1U);
    ASSERT_EQ(move(1, RolloutState::done), "");
    EXPECT_TRUE(catalog_->state().placements.at("g").layers.empty());
    put("p", "# 2\n");
    EXPECT_EQ(revision_at(0), 1U);  // only by a rollout
    ASSERT_EQ(start("g", {{.share = 1000}, {.share = 10'000}}), "");
    EXPECT_EQ(revision_at(999), 2U);
    EXPECT_EQ(revision_at(1000), 1U);
    EXPECT_THAT(start("g"), HasSubstr("has rollout 2 already"));
    ASSERT_EQ(move(2, RolloutState::aborted), "");
    EXPECT_EQ(revision_at(999), 2U);  // stays where it stopped
    EXPECT_EQ(revision_at(1000), 1U);
    put("p", "# 3\n");
    ASSERT_EQ(start("g", {{.share = 100}, {.share = 10'000}}), "");
    EXPECT_EQ(revision_at(99), 3U);
    EXPECT_EQ(revision_at(999), 2U);
    EXPECT_EQ(revision_at(1000), 1U);
    EXPECT_THAT(move(2, RolloutState::reverted), HasSubstr("rollout 3 of group g came after it"));
    ASSERT_EQ(move(3, RolloutState::reverted), "");
    EXPECT_EQ(revision_at(99), 2U);
    ASSERT_EQ(move(2, RolloutState::reverted), "");
    EXPECT_EQ(revision_at(99), 1U);
    reopen();
    EXPECT_EQ(revision_at(99), 1U);
}

TEST_F(CatalogTest, RolloutsThatReachedEverybodyMayBeAbortedAnyNumberOfTimes) {
    put("p");
    put_group("g", "", {"p"});
    for (std::uint64_t id = 1; id <= 3 * kLayersMax; ++id) {
        put("p", fmt::format("# {}\n", id));
        ASSERT_EQ(start("g"), "");
        ASSERT_EQ(move(id, RolloutState::aborted), "");
    }
    EXPECT_EQ(revision_at(0), 1 + 3 * kLayersMax);
}

TEST_F(CatalogTest, RolloutsThatReachedAPartCannotBePiledUpWithoutEnd) {
    put("p");
    put_group("g", "", {"p"});
    for (std::uint64_t id = 1; id <= kLayersMax; ++id) {
        ASSERT_EQ(start("g", {{.share = 1000}, {.share = 10'000}}), "");
        ASSERT_EQ(move(id, RolloutState::aborted), "");
    }
    EXPECT_THAT(start("g"), HasSubstr("has 16 aborted rollouts above each other"));
}

TEST_F(CatalogTest, AFirstRolloutThatIsRevertedAssignsNothingInsteadOfBeingForgotten) {
    put("p");
    put_group("g", "", {"p"});
    for (const bool was_done : {false, true}) {
        ASSERT_EQ(start("g"), "");
        const auto id = catalog_->state().rollouts.rbegin()->first;
        if (was_done) move(id, RolloutState::done);
        ASSERT_EQ(move(id, RolloutState::reverted), "");
        const auto& placement = catalog_->state().placements.at("g");
        ASSERT_TRUE(placement.base);
        EXPECT_TRUE(placement.base->pipelines.empty());
        EXPECT_TRUE(placement.layers.empty());
    }
}

TEST_F(CatalogTest, ARolloutOfADeletedGroupCannotBeReverted) {
    put("p");
    put_group("g", "", {});
    ASSERT_EQ(start("g"), "");
    ASSERT_EQ(move(1, RolloutState::done), "");
    const auto remove = [&] { return change([&](const State& s) { return delete_group(s, ann_, "g"); }); };
    ASSERT_EQ(remove(), "");
    EXPECT_THAT(move(1, RolloutState::reverted), HasSubstr("group g of rollout 1 was deleted"));
    put_group("g", "", {"p"});
    EXPECT_THAT(move(1, RolloutState::reverted), HasSubstr("group g of rollout 1 was deleted"));
}

TEST_F(CatalogTest, ARevertDoesNotBringADeletedPipelineBack) {
    put("p");
    put_group("g", "", {"p"});
    ASSERT_EQ(start("g"), "");
    ASSERT_EQ(move(1, RolloutState::done), "");
    put_group("g", "", {});
    ASSERT_EQ(start("g"), "");
    ASSERT_EQ(move(2, RolloutState::done), "");
    ASSERT_EQ(change([&](const State& s) { return delete_document(s, ann_, DocumentKind::pipeline, "p"); }), "");
    EXPECT_THAT(move(2, RolloutState::reverted), HasSubstr("pipeline p was deleted since"));
    put("p");
    ASSERT_EQ(move(2, RolloutState::reverted), "");
    EXPECT_EQ(revision_at(0), 1U);
}

TEST_F(CatalogTest, AnEditedSelectorReachesAgentsOnlyByARollout) {
    put("p");
    put_group("g", "app = \"x\"", {"p"});
    start("g");
    move(1, RolloutState::done);
    put_group("g", "", {"p"});
    EXPECT_EQ(revision_at(0, {{"app", "y"}}), 0U);
    start("g", {{.share = 5000}, {.share = 10'000}});
    EXPECT_EQ(revision_at(4999, {{"app", "y"}}), 1U);
    EXPECT_EQ(revision_at(5000, {{"app", "y"}}), 0U);
}

TEST_F(CatalogTest, AGroupConflictsWithWhatAnotherHasRolledOutToo) {
    put("p");
    put("q");
    put_group("g", "app = \"x\"", {"p"});
    start("g");
    move(1, RolloutState::done);
    put_group("g", "app = \"x\"", {"q"});  // not rolled out
    EXPECT_THAT(put_group("h", "", {"p"}), HasSubstr("groups h and g conflict"));
    EXPECT_EQ(put_group("h", "app != \"x\"", {"p"}), "");
    start("g");
    move(2, RolloutState::done);
    EXPECT_EQ(put_group("h", "", {"p"}), "");
}

TEST_F(CatalogTest, ARolloutWithRevisionsThatAreNotThereIsRefused) {
    put("p");
    put_group("g", "", {"p"});
    const auto with = [&](std::map<std::string, std::uint64_t> revisions) {
        return change([&](const State& s) {
            return start_rollout(s, ann_,
                                 {.group = "g", .revisions = revisions, .stages = {{.share = 10'000}}, .gate = {}});
        });
    };
    EXPECT_EQ(with({{"p", 2}}), "the rollout is not valid");
    EXPECT_EQ(with({{"q", 1}}), "the rollout is not valid");
    EXPECT_EQ(with({{"p", 1}}), "");
    EXPECT_EQ(start("nobody"), "the rollout is not valid");
}

// Whatever operators do in whatever order, what is in memory is what a restart reads.
TEST_F(CatalogTest, ModelOfRandomChangesARestartChangesNothing) {
    std::mt19937 random(11);
    const auto pick = [&](unsigned n) { return static_cast<unsigned>(random()) % n; };
    put("p");
    for (int round = 0; round < 600; ++round) {
        switch (pick(6)) {
            case 0:
                put("p", "# " + std::to_string(pick(5)) + "\n");
                break;
            case 1:
                put_group(pick(2) == 0 ? "g" : "h", pick(2) == 0 ? "app = \"x\"" : "app = \"y\"",
                          pick(3) == 0 ? std::vector<std::string>{} : std::vector<std::string>{"p"});
                break;
            case 2:
                start(pick(2) == 0 ? "g" : "h", {{.share = 1 + pick(9000)}, {.share = 10'000}});
                break;
            case 3:
                change([&](const State& s) { return delete_document(s, ann_, DocumentKind::pipeline, "p"); });
                break;
            case 4:
                change([&](const State& s) { return delete_group(s, ann_, "g"); });
                break;
            default:
                if (const auto& rollouts = catalog_->state().rollouts; !rollouts.empty()) {
                    const auto& [id, rollout] =
                        *std::next(rollouts.begin(), pick(static_cast<unsigned>(rollouts.size())));
                    const auto next = static_cast<RolloutState>(2 + pick(3));
                    if (rollout.is_active() || (next == RolloutState::reverted && rollout.state != next))
                        move(id, next);
                }
        }
        const auto& before = catalog_->state();
        auto again = Catalog::open(store_);
        ASSERT_TRUE(again) << again.error().message;
        const auto& after = (*again)->state();
        ASSERT_EQ(after.placements, before.placements);
        ASSERT_EQ(after.rollouts, before.rollouts);
        ASSERT_EQ(after.groups.size(), before.groups.size());
        ASSERT_EQ(after.pipelines.size(), before.pipelines.size());
        if (const auto p = before.pipelines.find("p"); p != before.pipelines.end()) {
            ASSERT_EQ(after.pipelines.at("p").revisions.size(), p->second.revisions.size());
        }
        // What is deleted reaches nobody, and two groups never bring one agent the same pipeline.
        const bool has_p = before.newest(DocumentKind::pipeline, "p") != nullptr;
        int bringing = 0;
        for (const auto& [name, placement] : before.placements)
            if (const auto* one = assigned(before, placement, pick(10'000), {{"app", "x"}}))
                bringing += one->pipelines.contains("p") ? 1 : 0;
        ASSERT_LE(bringing, has_p ? 1 : 0);
    }
}

TEST(Codec, EveryValueIsReadAsItWasWritten) {
    const model::Assignment assignment{
        .selector = *model::Selector::parse("a = \"b\""), .pipelines = {{"p", 3}}, .clusters = {{"main", 1}}};
    const model::Rollout rollout{
        .id = 7,
        .group = "g",
        .before = assignment,
        .target = assignment,
        .stages = {{.share = 10}, {.selector = model::Selector{}, .hold = std::chrono::seconds(3)}},
        .gate = {.failed_max_percent = 1.5},
        .state = RolloutState::paused,
        .stage = 1,
        .stage_since = 5,
        .reason = "why",
        .started_at = 4,
        .started_by = "ann",
        .counts = {.reached = 1, .offered = 2, .applied = 3, .failed = 4}};
    EXPECT_EQ(decode_rollout(encode(rollout)), rollout);
    const model::Placement placement{.base = assignment, .layers = {1, 2}};
    EXPECT_EQ(decode_placement(encode(placement)), placement);
    const model::Token token{
        .id = "x", .kind = model::TokenKind::of_operator, .role = model::Role::editor, .name = "ann", .uses_left = 3};
    EXPECT_EQ(decode_token(encode(token)), token);
}

TEST(Codec, CutOffOrDamagedAnywhereItIsReadOrRefused) {
    const model::Rollout rollout{.id = 7, .group = "g", .stages = {{.share = 10'000}}};
    const auto whole = encode(rollout);
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decode_rollout(whole.substr(0, size)));
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char byte : {'"', '{', '9', '\0', '-', '\xFF'}) {
            auto damaged = whole;
            damaged[at] = byte;
            (void)decode_rollout(damaged);
            (void)decode_group(damaged);
            (void)decode_token(damaged);
            (void)decode_placement(damaged);
            (void)decode_audit_entry(damaged);
        }
    State state;
    for (const auto* key :
         {"revision/pipeline/p/0000000001", "revision/x", "rollout/x", "offered/zz", "novel/x", "", "/"})
        EXPECT_FALSE(apply(state, key, "{}")) << key;
}

}  // namespace
}  // namespace center::catalog
