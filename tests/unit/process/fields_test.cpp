#include "common/process/fields.h"

#include "common/process/convert.h"
#include "tests/unit/process/parsing.h"

namespace process {
namespace {

struct Shaping : Parsing {
    // `json` is what the record has before.
    std::string shape(const Made& made, std::string_view json) {
        (void)parse({.format = Format::json}, json);
        EXPECT_TRUE(made.has_value());
        EXPECT_EQ((*made)->process(record), Verdict::keep);
        EXPECT_EQ((*made)->drop_reason(), "");
        return show(record.fields());
    }
    static std::string errors_of(const Made& made) {
        std::string out;
        if (made) return "none";
        for (const auto& error : made.error()) out += error.key + ": " + error.message + "\n";
        return out;
    }
    std::string convert(const std::string& type, std::string_view value) {
        return shape(make_convert({.fields = {{"a", type}}}), fmt::format(R"({{"a":{}}})", value));
    }
};

TEST_F(Shaping, RenameMovesAField) {
    EXPECT_EQ(shape(make_rename({.fields = {{"a", "b"}}}), R"({"a":1,"c":2})"), R"({"c":2,"b":1})");
    EXPECT_EQ(shape(make_rename({.fields = {{"http.code", "status"}, {"c", "d.e"}}}), R"({"http":{"code":1},"c":2})"),
              R"({"http":{},"status":1,"d":{"e":2}})");
}

TEST_F(Shaping, RenameReplacesWhatHasTheNewNameAndLeavesWhatIsMissing) {
    EXPECT_EQ(shape(make_rename({.fields = {{"a", "b"}, {"x", "y"}}}), R"({"b":2,"a":1,"y":3})"), R"({"b":1,"y":3})");
}

TEST_F(Shaping, RenameLetsFieldsChangePlacesAndMoveIntoThemselves) {
    EXPECT_EQ(shape(make_rename({.fields = {{"a", "b"}, {"b", "a"}}}), R"({"a":1,"b":2})"), R"({"b":1,"a":2})");
    EXPECT_EQ(shape(make_rename({.fields = {{"a", "a.b"}}}), R"({"a":1})"), R"({"a":{"b":1}})");
    EXPECT_EQ(shape(make_rename({.fields = {{"a.b", "a"}}}), R"({"a":{"b":1,"c":2}})"), R"({"a":1})");
}

TEST_F(Shaping, RemoveTakesFieldsAway) {
    EXPECT_EQ(shape(make_remove({.fields = {"a.b", "c", "x"}}), R"({"a":{"b":1,"d":2},"c":3,"e.f":4})"),
              R"({"a":{"d":2},"e.f":4})");
}

TEST_F(Shaping, KeepTakesAllOthersAway) {
    EXPECT_EQ(shape(make_keep({.fields = {"a.b", "c", "e.f", "x"}}),
                    R"({"a":{"b":1,"d":2},"c":{"y":3},"e.f":4,"e":5,"g":{"x":1},"h":6})"),
              R"({"a":{"b":1},"c":{"y":3},"e.f":4})");
    EXPECT_EQ(shape(make_keep({.fields = {"a.x"}}), R"({"a":{"b":1}})"), "{}");
}

TEST_F(Shaping, NamesThatCannotBeAreErrorsOfTheOptions) {
    EXPECT_EQ(errors_of(make_keep({})), "fields: is empty (name at least one field)\n");
    EXPECT_EQ(errors_of(make_remove({.fields = {"", "a", "a", "b."}})),
              "fields[0]: is empty (name a field)\n"
              "fields[2]: \"a\" is there twice\n"
              "fields[3]: \"b.\" has a dot with no name next to it\n");
    EXPECT_EQ(errors_of(make_rename({.fields = {{"a", "a"}, {"b", "c"}, {"d", "c"}, {"b", "e"}}})),
              "fields.a: \"a\" has this name already\n"
              "fields.d: \"c\" is the new name of two fields\n"
              "fields.b: \"b\" is renamed twice\n");
    EXPECT_EQ(errors_of(make_convert({.fields = {{"a", "foo"}, {"a", "int"}}})),
              "fields.a: \"foo\" is not known (use one of: int, float, bool, string)\n"
              "fields.a: \"a\" is there twice\n");
}

TEST_F(Shaping, ConvertMakesIntegers) {
    for (const auto& [from, to] : {std::pair{R"("200")", "200"},
                                   {R"("0042")", "42"},
                                   {R"("-007")", "-7"},
                                   {R"("+5")", "5"},
                                   {R"("-0")", "0"},
                                   {"42.0", "42"},
                                   {"true", "1"},
                                   {"false", "0"},
                                   {R"("12345678901234567890123")", "12345678901234567890123"}})
        EXPECT_EQ(convert("int", from), fmt::format(R"({{"a":{}}})", to)) << from;
}

TEST_F(Shaping, ConvertMakesFloatsAndKeepsTheirDigits) {
    for (const auto& [from, to] : {std::pair{R"("1.10")", "1.10"},
                                   {R"("+1.50")", "1.50"},
                                   {R"(".5")", "0.5"},
                                   {R"("5.")", "5"},
                                   {R"("-007.250")", "-7.250"},
                                   {R"("1e5")", "1e5"},
                                   {R"("01E-5")", "1E-5"},
                                   {"7", "7"}})
        EXPECT_EQ(convert("float", from), fmt::format(R"({{"a":{}}})", to)) << from;
}

TEST_F(Shaping, ConvertMakesBooleansAndTexts) {
    for (const auto* from : {R"("TRUE")", R"("yes")", R"("On")", "1", R"("1")", "true"})
        EXPECT_EQ(convert("bool", from), R"({"a":true})") << from;
    for (const auto* from : {R"("False")", R"("no")", R"("off")", "0"})
        EXPECT_EQ(convert("bool", from), R"({"a":false})") << from;
    EXPECT_EQ(convert("string", "1.10"), R"({"a":"1.10"})");
    EXPECT_EQ(convert("string", "true"), R"({"a":"true"})");
}

TEST_F(Shaping, WhatCannotBeConvertedStaysAndIsTold) {
    for (const auto* from :
         {R"("")", R"("x")", R"("1.5")", "1.5", R"("1 ")", R"("0x10")", R"("-")", R"("1e")", "[1]", "{}"})
        EXPECT_EQ(convert("int", from), fmt::format(R"({{"a":{},"parse_error":"\"a\" cannot become int"}})", from));
    for (const auto* from : {R"(".")", R"("1e")", R"("nan")", R"("1e+")", R"("1.2.3")", R"("e5")"})
        EXPECT_THAT(convert("float", from), testing::HasSubstr("cannot become float")) << from;
    EXPECT_THAT(convert("bool", "2"), testing::HasSubstr("cannot become bool"));
    EXPECT_EQ(convert("int", "null"), R"({"a":null})");
    EXPECT_EQ(shape(make_convert({.fields = {{"x", "int"}}}), "{}"), "{}");
}

}  // namespace
}  // namespace process
