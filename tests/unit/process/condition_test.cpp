#include "common/process/condition.h"

#include <gmock/gmock.h>

namespace process {
namespace {

using testing::HasSubstr;

struct ConditionTest : testing::Test {
    ConditionTest() {
        record.begin("GET /api 502", 17, origin, {});
        record.put("status") = Value::of_number("502");
        record.put("text_status") = Value::of_text("502");
        record.put("level") = Value::of_text("error");
        record.put("path") = Value::of_text("/api/users");
        record.put("http.ok") = Value::of_boolean(false);
        record.put("id") = Value::of_number("9007199254740993");
        record.put("none") = {};
    }
    bool holds(std::string_view text) {
        const auto condition = Condition::parse(text);
        EXPECT_TRUE(condition) << text << ": " << condition.error().message;
        return condition && condition->holds(record);
    }
    static std::string complaint(std::string_view text) {
        const auto condition = Condition::parse(text);
        return condition ? "ok" : condition.error().message;
    }

    Labels labels = {{"idc", "bj1"}};
    Origin origin{.host = "web-01", .pipeline = "nginx", .path = "/var/log/a.log", .labels = &labels};
    Record record;
};

TEST_F(ConditionTest, ComparisonsAreOfNumbersWhereBothAreAndOfTextsElse) {
    EXPECT_TRUE(holds("status >= 500"));
    EXPECT_FALSE(holds("status < 500"));
    EXPECT_TRUE(holds("text_status > 60")) << "a text that reads as a number meets one";
    EXPECT_TRUE(holds("status == '502'"));
    EXPECT_TRUE(holds("status == 502.0"));
    EXPECT_TRUE(holds("level == \"error\" and level != 'warn' and level < 'f'"));
    EXPECT_TRUE(holds("id == 9007199254740993"));
    EXPECT_FALSE(holds("id == 9007199254740992")) << "whole numbers are not rounded";
    EXPECT_TRUE(holds("http.ok == false"));
    EXPECT_FALSE(holds("http.ok"));
    EXPECT_TRUE(holds("-1 < status"));
}

TEST_F(ConditionTest, WhatIsMissingComparesWithNothing) {
    for (const auto* text : {"x == 1", "x < 1", "x >= 1", "x =~ 'a'", "x in (1)", "x", "none == 1", "http == 1"})
        EXPECT_FALSE(holds(text)) << text;
    EXPECT_TRUE(holds("x != 1"));
    EXPECT_TRUE(holds("x !~ 'a'"));
    EXPECT_FALSE(holds("exists(x)"));
    EXPECT_TRUE(holds("exists(status) and exists(http) and exists(labels.idc) and not exists(labels.x)"));
}

TEST_F(ConditionTest, PatternsAndLists) {
    EXPECT_TRUE(holds(R"(path =~ "^/api/\w+$")"));
    EXPECT_TRUE(holds("path !~ '^/login'"));
    EXPECT_TRUE(holds("level in ('warn', 'error') and status in [500, 502] and not (level in ('info'))"));
    EXPECT_TRUE(holds(R"(line =~ "\d{3}$")"));
}

TEST_F(ConditionTest, NamesOfTheRecordAndFieldsThatAreCalledAlike) {
    EXPECT_TRUE(holds("host == 'web-01' and pipeline == 'nginx' and labels.idc == 'bj1'"));
    EXPECT_TRUE(holds("path == '/api/users'")) << "the field";
    record.remove("path");
    EXPECT_TRUE(holds("path == '/var/log/a.log' and path.name == 'a.log'")) << "the file's";
    EXPECT_FALSE(holds("exists(fields.path)"));
}

TEST_F(ConditionTest, AndBindsTighterThanOr) {
    EXPECT_TRUE(holds("true or false and false"));
    EXPECT_FALSE(holds("(true or false) and false"));
    EXPECT_TRUE(holds("not false and not (true and false)"));
}

TEST_F(ConditionTest, WhatIsWrongIsSaidWithItsPlace) {
    EXPECT_THAT(complaint("status >="), HasSubstr("character 10: the end is not expected here"));
    EXPECT_THAT(complaint("status >= 500 andd x == 1"), HasSubstr("character 15: \"andd\" is not expected here"));
    EXPECT_THAT(complaint("a == 'x"), HasSubstr("character 6: a text without its closing quote"));
    EXPECT_THAT(complaint("a =~ '('"), HasSubstr("character 6: missing"));
    EXPECT_THAT(complaint("a =~ 5"), HasSubstr("a pattern in quotes"));
    EXPECT_THAT(complaint("a < true"), HasSubstr("have no order"));
    EXPECT_THAT(complaint("a in (b)"), HasSubstr("character 7: \"b\" is not expected here (write a number or a text"));
    EXPECT_THAT(complaint("(a == 1"), HasSubstr("a closing parenthesis"));
    EXPECT_THAT(complaint("a = 1"), HasSubstr("character 3: \"=\" begins nothing"));
    EXPECT_THAT(complaint("1.2.3 == a"), HasSubstr("a number"));
    EXPECT_THAT(complaint("'text'"), HasSubstr("a comparison"));
    EXPECT_THAT(complaint(""), HasSubstr("character 1: the end"));
    EXPECT_THAT(complaint(std::string(1000, '(')), HasSubstr("nested too deep"));
    std::string nots;
    for (int i = 0; i < 1000; ++i) nots += "not ";
    EXPECT_THAT(complaint(nots + "a"), HasSubstr("nested too deep"));
}

TEST_F(ConditionTest, AnyTextIsAConditionOrAnError) {
    constexpr std::string_view kPieces = "a1 '\"()[],=~!<>.and or not in exists true\\x80";
    unsigned state = 1;
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (int i = 0; i < 8; ++i) {
            state = (state * 1103515245U) + 12345U;
            const auto at = (state >> 16U) % kPieces.size();
            text += kPieces.substr(at, 1 + (state >> 8U) % 4);
        }
        if (const auto condition = Condition::parse(text)) (void)condition->holds(record);
    }
}

}  // namespace
}  // namespace process
