#include "center/model/selector.h"

#include <random>

#include <gmock/gmock.h>

namespace center::model {
namespace {

using testing::HasSubstr;

Selector selector(std::string_view text) {
    auto parsed = Selector::parse(text);
    EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
    return parsed ? *parsed : Selector{};
}

TEST(Selector, OfNoTermIsEverybody) {
    EXPECT_TRUE(selector("").matches({}));
    EXPECT_TRUE(selector("  ").matches({{"app", "x"}}));
}

TEST(Selector, HoldsWhenAllItsTermsDo) {
    const auto s = selector(R"(app = "player", idc in ("bj1", "bj2"))");
    EXPECT_TRUE(s.matches({{"app", "player"}, {"idc", "bj2"}, {"other", "x"}}));
    EXPECT_FALSE(s.matches({{"app", "player"}, {"idc", "sh1"}}));
    EXPECT_FALSE(s.matches({{"app", "player"}}));
    EXPECT_FALSE(s.matches({{"idc", "bj1"}}));
}

TEST(Selector, NegatedTermsHoldForAgentsWithoutTheLabel) {
    EXPECT_TRUE(selector(R"(tier != "test")").matches({}));
    EXPECT_FALSE(selector(R"(tier != "test")").matches({{"tier", "test"}}));
    EXPECT_TRUE(selector(R"(tier not in ("a","b"))").matches({{"tier", "c"}}));
    EXPECT_FALSE(selector(R"(tier not in ("a","b"))").matches({{"tier", "b"}}));
}

TEST(Selector, ValuesMayHoldQuotesAndBackslashes) {
    EXPECT_TRUE(selector(R"(app = "a\"b\\c")").matches({{"app", R"(a"b\c)"}}));
}

TEST(Selector, SaysWhereItIsWrong) {
    const auto fault = [](std::string_view text) {
        const auto parsed = Selector::parse(text);
        return parsed ? std::string("ok") : std::to_string(parsed.error().column) + ": " + parsed.error().message;
    };
    EXPECT_THAT(fault("app"), HasSubstr("4: a comparison of app is missing"));  // where it should be
    EXPECT_THAT(fault("app == \"x\""), HasSubstr("6: a value in double quotes is missing"));
    EXPECT_THAT(fault("app = player"), HasSubstr("7: a value in double quotes"));
    EXPECT_THAT(fault("app = \"player"), HasSubstr("14: the value does not end"));
    EXPECT_THAT(fault("a = \"b\" c = \"d\""), HasSubstr("9: there is something after the value"));
    EXPECT_THAT(fault("a = \"b\","), HasSubstr("9: a label's name is missing"));
    EXPECT_THAT(fault("a in \"b\""), HasSubstr("a list is missing"));
    EXPECT_THAT(fault("a in (\"b\""), HasSubstr("the list does not end"));
    EXPECT_THAT(fault("a in ()"), HasSubstr("a value in double quotes is missing"));
    EXPECT_THAT(fault(std::string(5000, 'a')), HasSubstr("at most 4096"));
}

TEST(Selector, CutOffOrDamagedAnywhereItIsReadOrRefused) {
    const std::string text = R"(app = "player", idc in ("bj1", "b\"j2"), tier != "x", a not in ("y"))";
    for (std::size_t size = 0; size < text.size(); ++size) (void)Selector::parse(text.substr(0, size));
    for (std::size_t at = 0; at < text.size(); ++at)
        for (const char byte : {'"', '(', ',', '\\', '\0', '\xFF'}) {
            auto damaged = text;
            damaged[at] = byte;
            (void)Selector::parse(damaged);
        }
}

TEST(Selector, AreDisjointOnlyWhereItIsCertain) {
    const auto disjoint = [](const char* a, const char* b) {
        EXPECT_EQ(Selector::are_disjoint(selector(a), selector(b)), Selector::are_disjoint(selector(b), selector(a)));
        return Selector::are_disjoint(selector(a), selector(b));
    };
    EXPECT_TRUE(disjoint(R"(app = "a")", R"(app = "b")"));
    EXPECT_TRUE(disjoint(R"(app = "a")", R"(app != "a")"));
    EXPECT_TRUE(disjoint(R"(app in ("a","b"), idc = "x")", R"(app in ("c","d"), idc = "x")"));
    EXPECT_TRUE(disjoint(R"(app in ("a","b"))", R"(app not in ("a","b","c"))"));
    EXPECT_FALSE(disjoint(R"(app = "a")", R"(idc = "b")"));
    EXPECT_FALSE(disjoint(R"(app in ("a","b"))", R"(app in ("b","c"))"));
    EXPECT_FALSE(disjoint(R"(app != "a")", R"(app != "b")"));
    EXPECT_FALSE(disjoint("", ""));
    EXPECT_FALSE(disjoint("", R"(app = "a")"));
}

// Against every agent that there can be over two labels and three values.
TEST(SelectorModel, TwoAreDisjointExactlyWhenNoAgentMatchesBoth) {
    std::mt19937 random(20261121);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const char* values[] = {"x", "y", "z"};
    const auto random_selector = [&] {
        std::string text;
        for (int terms = pick(3); terms >= 0; --terms) {
            if (!text.empty()) text += ", ";
            text += pick(2) == 0 ? "a" : "b";
            text += pick(2) == 0 ? " in (" : " not in (";
            for (int n = pick(3); n >= 0; --n) text += std::string("\"") + values[pick(3)] + "\"" + (n > 0 ? "," : "");
            text += ")";
        }
        return text;
    };
    for (int round = 0; round < 20'000; ++round) {
        const auto a = selector(random_selector());
        const auto b = selector(random_selector());
        bool both = false;
        for (int i = 0; i < 25 && !both; ++i) {
            Labels labels;
            const char* all[] = {"x", "y", "z", "w", nullptr};
            if (const auto* value = all[i % 5]) labels["a"] = value;
            if (const auto* value = all[i / 5]) labels["b"] = value;
            both = a.matches(labels) && b.matches(labels);
        }
        ASSERT_EQ(Selector::are_disjoint(a, b), !both) << a.text() << " | " << b.text();
    }
}

}  // namespace
}  // namespace center::model
