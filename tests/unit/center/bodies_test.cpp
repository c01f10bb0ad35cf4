#include "center/api/bodies.h"

#include <gmock/gmock.h>

#include "center/api/access.h"
#include "center/api/rate_limit.h"

namespace center::api {
namespace {

using testing::HasSubstr;

template <typename T>
std::string faults(const Body<T>& body) {
    if (body) return "ok";
    std::string text = body.error().error;
    for (const auto& d : body.error().details)
        text += " | " + std::to_string(d.line) + ":" + std::to_string(d.column) + " " + d.key + " " + d.message;
    return text;
}

TEST(Bodies, ARolloutHasStagesOfPercentOrLabelsAndAGate) {
    const auto wish = rollout_of(R"({"group": "g", "revisions": {"p": 3},
        "stages": [{"selector": "a = \"b\"", "hold": "5m"}, {"percent": 0.01}, {"percent": 100}],
        "gate": {"failed_max_percent": 0}})");
    ASSERT_TRUE(wish) << faults(wish);
    EXPECT_EQ(wish->revisions.at("p"), 3U);
    ASSERT_EQ(wish->stages.size(), 3U);
    EXPECT_EQ(wish->stages[0].hold, std::chrono::minutes(5));
    EXPECT_EQ(wish->stages[1].share, 1U);
    EXPECT_EQ(wish->stages[2].share, 10'000U);
    EXPECT_EQ(wish->gate.failed_max_percent, 0);
    EXPECT_EQ(wish->gate.silent_max_percent, model::Gate{}.silent_max_percent);
}

TEST(Bodies, EveryFaultIsSaidAtOnce) {
    const auto text = faults(rollout_of(R"({"grup": "g", "stages": [{"percent": 101, "hold": "5"}, 7, {}],
        "gate": {"failed": 1, "silent_max_percent": "x"}, "revisions": {"p": -1}})"));
    for (const auto* fault :
         {"grup is not known", "group is missing", "stages[0].percent", "stages[0].hold", "stages[1]",
          "stages[2].percent", "gate.failed", "gate.silent_max_percent", "revisions.p"})
        EXPECT_THAT(text, HasSubstr(fault));
}

TEST(Bodies, SyntaxHasItsLineAndColumn) {
    EXPECT_THAT(faults(group_of("g", "{\n  \"selector\": nope}")), HasSubstr("2:15 syntax"));
    EXPECT_THAT(faults(group_of("g", "")), HasSubstr("1:1 syntax"));
    EXPECT_THAT(faults(group_of("g", "{} x")), HasSubstr("syntax"));
    EXPECT_THAT(faults(group_of("g", std::string(100'000, '['))), HasSubstr("syntax"));
    EXPECT_THAT(faults(group_of("g", R"({"selector": "a ="})")), HasSubstr("1:4 selector"));
}

TEST(Bodies, CutOffOrDamagedAnywhereTheyAreReadOrRefused) {
    const std::string whole =
        R"({"group": "g", "stages": [{"percent": 10, "hold": "5m"}], "kind": "operator", "uses": 1e300})";
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char byte : {'"', '{', '9', '\0', '-', '\xFF'}) {
            auto damaged = whole;
            damaged[at] = byte;
            (void)rollout_of(damaged);
            (void)group_of("g", damaged);
            (void)token_of(damaged, 0);
            (void)rollout_of(whole.substr(0, at));
        }
}

TEST(Bodies, ATokenIsForAgentsOrForAnOperator) {
    EXPECT_EQ(faults(token_of(R"({"kind": "enrolment", "uses": 5, "group": "g", "expires": "1h"})", 0)), "ok");
    EXPECT_EQ(token_of(R"({"expires": "1h"})", 1000)->expires, 3'601'000);
    EXPECT_EQ(token_of(R"({"expires": 99})", 1000)->expires, 99'000);
    EXPECT_THAT(faults(token_of(R"({"expires": 1})", 1000)), HasSubstr("in the past"));
    EXPECT_THAT(faults(token_of(R"({"kind": "operator", "uses": 5})", 0)), HasSubstr("enrolment tokens only"));
    EXPECT_THAT(faults(token_of(R"({"role": "admin"})", 0)), HasSubstr("operators' tokens only"));
    EXPECT_THAT(faults(token_of(R"({"uses": 0})", 0)), HasSubstr("uses is 0"));
    EXPECT_THAT(faults(token_of(R"({"kind": "x"})", 0)), HasSubstr("one of: enrolment operator"));
}

TEST(RateLimit, LetsSoManyThroughAtOnceAndThenSoManyASecond) {
    RateLimit limit({.per_second = 2, .at_once = 3});
    auto now = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("a", now));
    EXPECT_FALSE(limit.take("a", now));
    EXPECT_FALSE(limit.allows("a", now));
    EXPECT_TRUE(limit.take("b", now));
    now += std::chrono::milliseconds(500);
    EXPECT_TRUE(limit.take("a", now));
    EXPECT_FALSE(limit.take("a", now));
}

TEST(Access, ASecretIsFoundByItsIdAndNoOtherWillDo) {
    catalog::State state;
    const auto secret = make_secret(model::TokenKind::of_operator, "0123456789abcdef");
    EXPECT_FALSE(find_token(state, model::TokenKind::of_operator, secret, 0));
    EXPECT_NE(secret, make_secret(model::TokenKind::of_operator, "0123456789abcdef"));
    for (const auto* odd : {"", "vop_", "vop_0123456789abcdef", "vet_x"})
        EXPECT_FALSE(find_token(state, model::TokenKind::of_operator, odd, 0)) << odd;
}

}  // namespace
}  // namespace center::api
