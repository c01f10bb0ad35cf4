#include "common/process/parse_json.h"

#include "tests/unit/process/parsing.h"

namespace process {
namespace {

struct ParseJson : Parsing {
    std::string json(std::string_view line) { return parse({.format = Format::json}, line); }
    std::string error(std::string_view line) {
        (void)json(line);
        EXPECT_EQ(record.fields().size(), 1U) << line;
        const auto* reason = record.find("parse_error");
        return reason ? std::string(reason->text) : "none";
    }
};

TEST_F(ParseJson, NumbersStayAsTheyAreWritten) {
    const auto line = R"({"a":1.10,"b":12345678901234567890123,"c":-0,"d":1E+400,"e":-1.5e-3,"f":0.0})";
    EXPECT_EQ(json(line), line);
}

TEST_F(ParseJson, NestedValuesBecomeTablesAndLists) {
    const auto line = R"({"a":{"b":[1,[2,{"c":null}],true,{}],"d":{}},"e":[],"f":false,"":""})";
    EXPECT_EQ(json(line), line);
}

TEST_F(ParseJson, BlanksBetweenTokensMeanNothing) {
    EXPECT_EQ(json(" { \"a\" :\t1 , \"b\" : [ true , null\t]\r\n} \n"), R"({"a":1,"b":[true,null]})");
    EXPECT_EQ(json("{}"), "{}");
}

TEST_F(ParseJson, EscapesAreResolved) {
    (void)json(R"({"a\"b":"tab\there","u":"\u00e9\u4e2d\ud83d\ude00","z":"\u0000x","s":"\/\\\b\f\n\r"})");
    EXPECT_EQ(record.find("a\"b")->text, "tab\there");
    EXPECT_EQ(record.find("u")->text, "é中😀");
    EXPECT_EQ(record.find("z")->text, std::string_view("\0x", 2));
    EXPECT_EQ(record.find("s")->text, "/\\\b\f\n\r");
}

TEST_F(ParseJson, StringsOfAnyLengthEndAtTheirQuote) {
    for (std::size_t size = 0; size < 70; ++size) {
        const std::string text(size, 'x');
        EXPECT_EQ(json("{\"k\":\"" + text + "\",\"n\":1}"), "{\"k\":\"" + text + "\",\"n\":1}");
        (void)json("{\"k\":\"" + text + "\\n\"}");
        EXPECT_EQ(record.find("k")->text, text + "\n");
    }
}

TEST_F(ParseJson, UnicodeStays) {
    EXPECT_EQ(json(R"({"имя":"значение","中":"文"})"), R"({"имя":"значение","中":"文"})");
}

TEST_F(ParseJson, TheLastOfTheSameNameWins) {
    EXPECT_EQ(json(R"({"a":1,"b":2,"a":{"c":1,"c":2},"\u0061":4})"), R"({"a":4,"b":2})");
}

TEST_F(ParseJson, AHundredThousandNamesCostNoMoreThanTheirLength) {
    std::string line = "{";
    for (int i = 0; i < 200'000; ++i) line += fmt::format("\"{}\":{},", i % 100'000, i);
    line.back() = '}';
    (void)json(line);
    ASSERT_EQ(record.fields().size(), 100'000U);
    EXPECT_EQ(record.fields()[7].value.text, "100007");
}

TEST_F(ParseJson, OnlyAnObjectAtTheTopIsRight) {
    for (const auto* line : {"[1]", "1", "\"a\"", "null", "x"}) EXPECT_EQ(error(line), "not an object") << line;
    EXPECT_EQ(error(""), "empty");
    EXPECT_EQ(error("  "), "empty");
}

TEST_F(ParseJson, WhatComesAfterTheObjectIsAnError) {
    for (const auto* line : {"{}x", "{} {}", "{},", "{}}", R"({"a":1}])"})
        EXPECT_EQ(error(line), "something after the object") << line;
}

TEST_F(ParseJson, WhatIsNotJsonIsAnError) {
    for (const auto* line : {R"({"a":01})",
                             R"({"a":+1})",
                             R"({"a":1.})",
                             R"({"a":.5})",
                             R"({"a":1e})",
                             R"({"a":-})",
                             R"({"a":1x})",
                             R"({"a":tru})",
                             R"({"a":nulll})",
                             R"({"a":True})",
                             R"({"a":NaN})",
                             R"({"a":1"b"})",
                             R"({"a":true"b"})",
                             R"({"a":1 2})",
                             R"({"a":})",
                             R"({"a"})",
                             R"({"a" 1})",
                             R"({"a"1:2})",
                             R"({"a":1,})",
                             R"({,"a":1})",
                             R"({1:2})",
                             R"({"a":[1,]})",
                             R"({"a":[,1]})",
                             R"({"a":[1 2]})",
                             R"({"a":[1})",
                             R"({"a":[1}])",
                             R"({"a":1,,"b":2})",
                             R"({"a":"b"c})",
                             R"({"a":"b""c"})",
                             R"({"a":"\x"})",
                             R"({"a":"\u12"})",
                             R"({"a":"\ud800"})",
                             R"({a:1})",
                             R"({"a":'b'})",
                             R"({"a":1]})",
                             R"({"a"::1})",
                             R"({"a":[1:2]})",
                             R"({"a":{"b":1})",
                             "{",
                             "{\"",
                             "}"})
        EXPECT_NE(error(line), "none") << line;
    EXPECT_EQ(error("{\"a\":\"\x01\"}"), "a control character in a string");
    EXPECT_EQ(error(R"({"a":"b)"), "a string without its end");
}

TEST_F(ParseJson, InvalidUtf8IsAnError) {
    for (const auto* line :
         {"{\"a\":\"\xFF\"}", "{\"a\":\"\xC0\xAF\"}", "{\"a\":\"\xED\xA0\x80\"}", "{\"\xE4\xB8\":1}"})
        EXPECT_EQ(error(line), "not valid UTF-8") << line;
}

TEST_F(ParseJson, NestingHasALimit) {
    const auto nested = [](int depth) {
        std::string line = "{\"a\":";
        for (int i = 1; i < depth; ++i) line += '[';
        for (int i = 1; i < depth; ++i) line += ']';
        return line + '}';
    };
    EXPECT_EQ(json(nested(64)), nested(64));
    EXPECT_EQ(error(nested(65)), "nested too deep");
    EXPECT_EQ(error(std::string(1'000'000, '[')), "not an object");
    EXPECT_EQ(error("{\"a\":" + std::string(1'000'000, '[')), "nested too deep");
}

TEST_F(ParseJson, TheNextRecordMayBeLongerThanTheOneBefore) {
    auto made = make_parse({.format = Format::json});
    for (const std::size_t size : {10UL, 10'000UL, 1'000'000UL, 1UL}) {
        const std::string line = "{\"a\":\"" + std::string(size, 'x') + "\\t\"}";
        record.begin(line, 0, origin, {});
        (void)(*made)->process(record);
        EXPECT_EQ(record.find("a")->text.size(), size + 1);
    }
}

TEST_F(ParseJson, ATruncatedLineLeavesNothingHalfFilled) {
    expect_survives_truncation({.format = Format::json},
                               R"({"time":"2026-10-10T13:55:36Z","a":{"b":[1.5e3,true,null,"\u4e2d\n"]},"名":"x"})");
}

}  // namespace
}  // namespace process
