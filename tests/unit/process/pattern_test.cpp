#include "common/process/pattern.h"

#include <random>

#include <gmock/gmock.h>

namespace process {
namespace {

TEST(Pattern, FindsWhatMatches) {
    const auto pattern = Pattern::compile(R"(GET /api/v\d+)");
    ASSERT_TRUE(pattern);
    EXPECT_TRUE(pattern->is_in("x GET /api/v12 y"));
    EXPECT_FALSE(pattern->is_in("x GET /api/vx y"));
    EXPECT_FALSE(pattern->is_in("x POST /api/v12 y"));
    EXPECT_EQ(pattern->find("GET /api/v1 GET /api/v22", 1)->begin, 12U);
    EXPECT_EQ(pattern->find("GET /api/v1 GET /api/v22", 1)->size, 12U);
    EXPECT_FALSE(pattern->find("GET /api/v1", 1));
}

TEST(Pattern, WhatIsNoPatternIsRefused) {
    EXPECT_EQ(Pattern::compile("a(b").error().message, "missing ): a(b");
    EXPECT_FALSE(Pattern::compile("(?=x)")) << "RE2 has no look-ahead";
}

TEST(Pattern, TheLiteralIsInWhateverMatches) {
    const std::vector<std::pair<std::string, std::string>> golden = {
        {"healthcheck", "healthcheck"},
        {R"(GET /api/v\d+/users)", "GET /api/v"},
        {"^abc$", "abc"},
        {"abc?de", "ab"},
        {"abc*", "ab"},
        {"abc+de", "abc"},
        {"abc{0,1}d", "ab"},
        {"a|bc", ""},
        {"(a|bc)def", "def"},
        {"(?i)abc", ""},
        {"(?:x)abc", "abc"},
        {"(?P<n>x)abc", "abc"},
        {"(?i:x)abc", ""},
        {"a{b|c", ""},
        {R"(a\.b\[c)", "a.b[c"},
        {R"(a\x41bcd)", ""},
        {R"(\Qa.b\E)", ""},
        {"[abc]xyz[^]x]12", "xyz"},
        {"[[:alpha:]]ab", "ab"},
        {R"([\]a]bc)", "bc"},
        {R"((\)a)bc)", "bc"},
        {"日?本", "本"},
        {"日本?", "日"},
        {"", ""},
    };
    for (const auto& [pattern, literal] : golden) EXPECT_EQ(literal_in(pattern), literal) << pattern;
}

// Held against the same pattern in a group, in which no literal is looked for.
TEST(Pattern, LookingForTheLiteralFirstChangesNothing) {
    constexpr std::string_view kPieces = "abc.*+?|()[]{2}^$\\d\\.\\b";
    std::mt19937 random(7);
    int matched = 0;
    for (int round = 0; round < 30'000; ++round) {
        std::string text;
        for (auto size = 1 + (random() % 8); size > 0; --size)
            text += kPieces.substr(random() % kPieces.size(), 1 + (random() % 2));
        const auto pattern = Pattern::compile(text);
        const auto plain = Pattern::compile("(?:" + text + ")");
        if (!pattern || !plain) continue;
        for (int line = 0; line < 5; ++line) {
            std::string subject;
            for (auto size = random() % 12; size > 0; --size) subject += "abcd.1 "[random() % 7];
            ASSERT_EQ(pattern->is_in(subject), plain->is_in(subject)) << text << " in " << subject;
            matched += pattern->is_in(subject) ? 1 : 0;
        }
    }
    EXPECT_GT(matched, 1000);
}

}  // namespace
}  // namespace process
