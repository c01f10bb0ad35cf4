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
    EXPECT_EQ(fill("{fields.level}"), "error: {fields.level} is not supported here by this version (leave it out)");
}

TEST(Template, WithoutNamesItIsConstant) {
    EXPECT_TRUE(Template::parse("raw-{{x}}", {})->is_constant());
    EXPECT_FALSE(Template::parse("raw-{host}", {})->is_constant());
}

TEST(Template, ALabelThatWentAwaySinceIsEmpty) {
    EXPECT_EQ(Template::parse("a{labels.idc}b", kLabels)->fill({}), "ab");
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
