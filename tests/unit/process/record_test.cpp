#include "common/process/record.h"

#include <gmock/gmock.h>

namespace process {
namespace {

struct RecordTest : testing::Test {
    RecordTest() { record.begin("a line", 17, origin, {}); }

    Origin origin;
    Record record;
};

TEST_F(RecordTest, AFieldIsFoundByItsNameAndThroughTablesByDots) {
    record.put("http.status") = Value::of_number("200");
    record.put("http.path") = Value::of_text("/");
    ASSERT_NE(record.find("http.status"), nullptr);
    EXPECT_EQ(record.find("http.status")->text, "200");
    EXPECT_EQ(record.find("http")->table->size(), 2U);
    EXPECT_EQ(record.find("http.none"), nullptr);
    EXPECT_EQ(record.find("http.status.none"), nullptr);
    EXPECT_EQ(record.find(""), nullptr);
}

TEST_F(RecordTest, AMemberWhoseOwnNameHasDotsIsFound) {
    record.fields().push_back({"app.kubernetes.io/name", Value::of_text("x")});
    record.put("a") = record.make_table();
    record.find("a")->table->push_back({"b.c", Value::of_text("y")});
    EXPECT_EQ(record.find("app.kubernetes.io/name")->text, "x");
    EXPECT_EQ(record.find("a.b.c")->text, "y");
    record.put("a.b.c") = Value::of_text("z");
    EXPECT_EQ(record.find("a")->table->size(), 1U);
    EXPECT_TRUE(record.remove("a.b.c"));
    EXPECT_FALSE(record.remove("a.b.c"));
}

TEST_F(RecordTest, WhatIsNoTableOnTheWayIsReplacedByOne) {
    record.put("a") = Value::of_text("x");
    record.put("a.b") = Value::of_text("y");
    EXPECT_EQ(record.find("a.b")->text, "y");
}

TEST_F(RecordTest, OfSeveralParseErrorsTheFirstStays) {
    record.set_parse_error("no JSON");
    record.set_parse_error("no such field");
    EXPECT_EQ(record.find("parse_error")->text, "no JSON");
    EXPECT_EQ(record.fields().size(), 1U);
}

TEST_F(RecordTest, TheNextRecordHasNothingOfTheOneBefore) {
    const std::string large(100'000, 'x');
    record.put("a") = Value::of_text(record.keep(large));
    EXPECT_EQ(record.find("a")->text, large);
    record.begin("another", 18, origin, {});
    EXPECT_FALSE(record.has_fields());
    EXPECT_EQ(record.line(), "another");
}

}  // namespace
}  // namespace process
