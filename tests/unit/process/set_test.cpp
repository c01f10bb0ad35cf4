#include "common/process/set.h"

#include <gmock/gmock.h>

namespace process {
namespace {

struct SetTest : testing::Test {
    SetTest() { record.begin("a line", 0, origin, {}); }

    Labels labels = {{"idc", "bj1"}};
    Origin origin{.host = "web-01", .labels = &labels};
    Record record;
};

TEST_F(SetTest, FieldsAreFilledOutOfTemplates) {
    record.put("user") = Value::of_text("x");
    auto set =
        make_set({.fields = {{"where.idc", "{labels.idc}"}, {"who", "{fields.user}@{host}"}, {"user", "y"}}}, labels);
    EXPECT_EQ((*set)->process(record), Verdict::keep);
    EXPECT_EQ(record.find("where.idc")->text, "bj1");
    EXPECT_EQ(record.find("who")->text, "x@web-01");
    EXPECT_EQ(record.find("user")->text, "y");
}

TEST_F(SetTest, TemplatesSeeTheRecordAsItWasBefore) {
    record.put("a") = Value::of_text("1");
    record.put("b") = Value::of_text("2");
    (void)(*make_set({.fields = {{"a", "{fields.b}"}, {"b", "{fields.a}"}}}, labels))->process(record);
    EXPECT_EQ(record.find("a")->text, "2");
    EXPECT_EQ(record.find("b")->text, "1");
}

TEST_F(SetTest, TheLineIsSetByItsName) {
    (void)(*make_set({.fields = {{"line", "{labels.idc}: {line}"}}}, labels))->process(record);
    EXPECT_EQ(record.line(), "bj1: a line");
    EXPECT_FALSE(record.has_fields());
}

TEST_F(SetTest, WhatIsNoTemplateIsRefused) {
    const auto made = make_set({.fields = {{"a", "{x}"}, {"b", "ok"}, {"c", "{labels.x}"}}}, labels);
    ASSERT_EQ(made.error().size(), 2U);
    EXPECT_EQ(made.error()[0].key, "fields.a");
    EXPECT_EQ(made.error()[1].key, "fields.c");
    EXPECT_EQ(make_set({}, labels).error().at(0).key, "fields");
}

}  // namespace
}  // namespace process
