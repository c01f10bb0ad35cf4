#include "common/process/parse.h"

#include "tests/unit/process/parsing.h"

namespace process {
namespace {

TEST_F(Parsing, WhatIsParsedTakesThePlaceOfFieldsOfTheSameName) {
    auto made = make_parse({.format = Format::json});
    record.begin(R"({"b":1,"c":2})", 0, origin, {});
    record.put("a") = Value::of_text("x");
    record.put("b") = Value::of_text("x");
    EXPECT_EQ((*made)->process(record), Verdict::keep);
    EXPECT_EQ(show(record.fields()), R"({"a":"x","b":1,"c":2})");
}

TEST_F(Parsing, AFieldIsParsedInsteadOfTheLine) {
    auto made = make_parse({.format = Format::json, .field = "log.text"});
    record.begin("no JSON", 0, origin, {});
    record.put("log.text") = Value::of_text(R"({"a":1})");
    (void)(*made)->process(record);
    EXPECT_EQ(show(record.fields()), R"({"log":{"text":"{\"a\":1}"},"a":1})");
}

TEST_F(Parsing, AFieldThatIsMissingOrNoTextIsAFailure) {
    const ParseOptions options{.format = Format::json, .field = "a"};
    EXPECT_EQ(parse(options, "{}"), R"({"parse_error":"no such field"})");
    auto made = make_parse(options);
    record.begin("{}", 0, origin, {});
    record.put("a") = Value::of_number("1");
    (void)(*made)->process(record);
    EXPECT_EQ(show(record.fields()), R"({"a":1,"parse_error":"the field is not a text"})");
}

TEST_F(Parsing, FieldsGoIntoATableThatIsMadeWhereThereIsNone) {
    auto made = make_parse({.format = Format::json, .into = "app.data"});
    record.begin(R"({"a":1})", 0, origin, {});
    record.put("app.name") = Value::of_text("x");
    (void)(*made)->process(record);
    EXPECT_EQ(show(record.fields()), R"({"app":{"name":"x","data":{"a":1}}})");
    record.begin(R"({"a":1})", 0, origin, {});
    record.put("app.data.a") = Value::of_text("x");
    record.put("app.data.b") = Value::of_text("x");
    (void)(*made)->process(record);
    EXPECT_EQ(show(record.fields()), R"({"app":{"data":{"a":1,"b":"x"}}})");
}

TEST_F(Parsing, WhatDoesNotParseIsKeptWithTheReasonOrDropped) {
    EXPECT_EQ(parse({.format = Format::json, .into = "app"}, "x"), R"({"parse_error":"not an object"})");
    EXPECT_EQ(verdict, Verdict::keep);
    EXPECT_EQ(record.line(), "x");
    EXPECT_EQ(parse({.format = Format::json, .on_error = OnError::drop}, "x"), "{}");
    EXPECT_EQ(verdict, Verdict::drop);
    EXPECT_EQ((*make_parse({.format = Format::json, .on_error = OnError::drop}))->drop_reason(), "parse_error");
    EXPECT_EQ((*make_parse({.format = Format::json}))->drop_reason(), "");
}

TEST_F(Parsing, AllThatIsWrongWithTheOptionsIsSaidAtOnce) {
    EXPECT_EQ(errors({.format = Format::json, .pattern = "x", .columns = {"a"}, .field = ".a", .into = "a..b"}),
              "pattern: belongs to format = \"regex\" only\n"
              "columns: belongs to format = \"csv\" only\n"
              "field: \".a\" has a dot with no name next to it\n"
              "into: \"a..b\" has a dot with no name next to it\n");
}

}  // namespace
}  // namespace process
