#include "common/process/template.h"

#include <gmock/gmock.h>

namespace process {
namespace {

using testing::HasSubstr;

const Labels kLabels = {{"idc", "bj1"}, {"app", "player"}};

std::string fill(std::string_view text, std::string_view path = "/var/log/nginx/access.log.1") {
    const auto parsed = Template::parse(text, kLabels);
    if (!parsed) return "error: " + parsed.error().message;
    return parsed->fill({.host = "web-01", .pipeline = "nginx", .path = path, .labels = &kLabels});
}

TEST(Template, NamesAreReplacedAndTextIsKept) {
    EXPECT_EQ(fill("raw-{labels.idc}-{labels.app}.{host}/{pipeline}"), "raw-bj1-player.web-01/nginx");
    EXPECT_EQ(fill("plain"), "plain");
    EXPECT_EQ(fill(""), "");
}

TEST(Template, APathComesWholeOrInParts) {
    EXPECT_EQ(fill("{path}"), "/var/log/nginx/access.log.1");
    EXPECT_EQ(fill("{path.name}"), "access.log.1");
    EXPECT_EQ(fill("{path.stem}"), "access");
    EXPECT_EQ(fill("{path.dir}"), "/var/log/nginx");
}

TEST(Template, PartsOfOddPathsAreWhatOneWouldExpect) {
    EXPECT_EQ(fill("{path.stem}", "/home/x/.bashrc.1"), ".bashrc");
    EXPECT_EQ(fill("{path.dir}", "/a.log"), "/");
    EXPECT_EQ(fill("{path.dir}|{path.name}", "a.log"), "|a.log");
    EXPECT_EQ(fill("{path.stem}", "/var/log/messages"), "messages");
}

TEST(Template, DoubledBracesAreTheBracesThemselves) {
    EXPECT_EQ(fill("{{{host}}}"), "{web-01}");
    EXPECT_EQ(fill("{{host}}"), "{host}");
}

TEST(Template, WhatCannotBeFilledIsRefusedWithWhatWouldBeRight) {
    EXPECT_EQ(fill("a-{host"), "error: \"{host\" has no closing brace (write {{ for the brace itself)");
    EXPECT_EQ(fill("a}b"), "error: a } without its { (write }} for the brace itself)");
    EXPECT_EQ(fill("{hots}"), "error: unknown name \"hots\" (did you mean {host}?)");
    EXPECT_THAT(fill("{}"), HasSubstr("unknown name \"\" (write one of: {host}, "));
    EXPECT_EQ(fill("{labels.icd}"), "error: agent.labels has no \"icd\" (did you mean {labels.idc}?)");
    for (const std::string name : {"{fields.level}", "{line}"})
        EXPECT_EQ(fill(name),
                  "error: " + name + " is of a record, and this is filled once for each file (leave it out)");
}

TEST(Template, WithoutNamesItIsConstant) {
    EXPECT_TRUE(Template::parse("raw-{{x}}", {})->is_constant());
    EXPECT_FALSE(Template::parse("raw-{host}", {})->is_constant());
}

TEST(Template, ALabelThatWentAwaySinceIsEmpty) {
    EXPECT_EQ(Template::parse("a{labels.idc}b", kLabels)->fill({}), "ab");
}

TEST(Template, ReadsARecordWhereItNamesTheLineOrAField) {
    const auto reads_record = [](std::string_view text) {
        return Template::parse(text, kLabels, Template::Scope::record)->reads_record();
    };
    EXPECT_TRUE(reads_record("a-{fields.x}"));
    EXPECT_TRUE(reads_record("{line}"));
    EXPECT_FALSE(reads_record("{host} {pipeline} {path} {path.stem} {labels.idc}"));
    EXPECT_FALSE(reads_record("{{fields.x}}"));
    const auto mixed = Template::parse("{labels.idc}-{fields.x}", kLabels, Template::Scope::record);
    EXPECT_EQ(mixed->fill({.labels = &kLabels}, "?"), "bj1-?");
}

TEST(Template, IsWholeWhereARecordHasSomethingForEachName) {
    Record record;
    const Origin origin{.labels = &kLabels};
    record.begin("a line", 0, origin, {});
    record.put("none") = {};
    record.put("empty") = Value::of_text("");
    record.put("level") = Value::of_text("info");
    record.put("zero") = Value::of_number("0");
    const auto is_whole = [&](std::string_view text) {
        std::string out;
        return Template::parse(text, kLabels, Template::Scope::record)->append_whole(out, record);
    };
    EXPECT_TRUE(is_whole("{host}-{fields.level}-{fields.zero}-{line}"))
        << "the host is empty, which is no fault of its";
    for (const auto* missing : {"{fields.none}", "{fields.empty}", "{fields.other}-{fields.level}"})
        EXPECT_FALSE(is_whole(missing)) << missing;
}

TEST(Template, OfARecordItMayNameTheLineAndFields) {
    const Origin origin{.host = "web-01", .labels = &kLabels};
    Record record;
    record.begin("a line", 0, origin, {});
    record.put("http.status") = Value::of_number("200");
    record.put("user") = Value::of_text("x\"y");
    std::string out;
    const auto text = "{host} {line} {fields.http.status} {fields.user} {fields.none}| {fields.http}";
    Template::parse(text, kLabels, Template::Scope::record)->append(out, record);
    EXPECT_EQ(out, "web-01 a line 200 x\"y | {\"status\":200}");
    EXPECT_THAT(Template::parse("{lien}", {}, Template::Scope::record).error().message,
                HasSubstr("did you mean {line}?"));
    EXPECT_THAT(Template::parse("{level}", {}, Template::Scope::record).error().message, HasSubstr("{fields.NAME}"));
}

}  // namespace
}  // namespace process
