#include "common/process/redact.h"

#include <gmock/gmock.h>

namespace process {
namespace {

using testing::HasSubstr;

std::string redacted(const RedactOptions& options, std::string_view line) {
    const Origin origin;
    Record record;
    record.begin(line, 0, origin, {});
    auto redact = make_redact(options);
    EXPECT_TRUE(redact);
    EXPECT_EQ((*redact)->process(record), Verdict::keep);
    return std::string(record.line());
}

TEST(Redact, WhatThePatternFindsIsReplacedWhereverItIs) {
    const RedactOptions options{.pattern = "id=[0-9]+"};
    EXPECT_EQ(redacted(options, "id=17 x id=18"), "*** x ***");
    EXPECT_EQ(redacted(options, "nothing"), "nothing");
    EXPECT_EQ(redacted({.pattern = "o", .replacement = ""}, "foo"), "f");
    EXPECT_EQ(redacted({.pattern = "x*"}, "axb"), "a***b") << "what is empty stays";
}

TEST(Redact, CardNumbersAreThoseThatPassTheLuhnCheck) {
    const RedactOptions options{.preset = RedactPreset::card};
    EXPECT_EQ(redacted(options, "card 4111 1111 1111 1111."), "card ***.");
    EXPECT_EQ(redacted(options, "5500-0000-0000-0004,378282246310005"), "***,***");
    EXPECT_EQ(redacted(options, "order 4111111111111112"), "order 4111111111111112");
    EXPECT_EQ(redacted(options, "at 1700000000000 ms"), "at 1700000000000 ms");
    EXPECT_EQ(redacted(options, "id4111111111111111 4111111111111111x"), "id4111111111111111 4111111111111111x");
    EXPECT_EQ(redacted(options, "4111 1111  1111 1111"), "4111 1111  1111 1111");
}

TEST(Redact, ACardNumberIsFoundWhateverDigitsStandBesideIt) {
    const RedactOptions options{.preset = RedactPreset::card};
    EXPECT_EQ(redacted(options, "12:00:02 4111111111111111"), "12:00:02 ***");
    EXPECT_EQ(redacted(options, "2024-01-02 4111111111111111 paid"), "2024-01-02 *** paid");
    EXPECT_EQ(redacted(options, "pay 4111111111111111 12/26"), "pay *** 12/26");
    EXPECT_EQ(redacted(options, "items 3 4111 1111 1111 1111"), "items 3 ***");
    EXPECT_EQ(redacted(options, "2024-01-02 4111-1111-1111-1111 5500-0000-0000-0004 7"), "2024-01-02 *** *** 7");
}

TEST(Redact, PhoneNumbers) {
    const RedactOptions options{.preset = RedactPreset::phone};
    for (const auto* phone :
         {"13800138000", "+86 138 0013 8000", "(415) 555-2671", "415-555-2671", "+1 (415) 555-2671"})
        EXPECT_EQ(redacted(options, "call " + std::string(phone) + "!"), "call ***!") << phone;
    for (const auto* other : {"2026-11-21 07:22:01", "10.20.30.40", "status 200 bytes 12345", "id 213800138000"})
        EXPECT_EQ(redacted(options, other), other);
}

TEST(Redact, MailAddressesAndBearerTokens) {
    EXPECT_EQ(redacted({.preset = RedactPreset::email}, "<jane.doe+x@mail.example.co.uk> a@b"), "<***> a@b");
    const RedactOptions bearer{.preset = RedactPreset::bearer};
    EXPECT_EQ(redacted(bearer, "Authorization: Bearer abc.DEF-1~2 x"), "Authorization: Bearer *** x");
    EXPECT_EQ(redacted(bearer, "t=eyJhbGciOi.eyJzdWIi.SflKxw_c-1&x"), "t=***&x");
}

TEST(Redact, AKeyedHashKeepsEqualThingsEqual) {
    const RedactOptions options{.pattern = "u[0-9]+", .hash_key = "k"};
    const auto one = redacted(options, "u1");
    EXPECT_EQ(one, "731757b19387f029") << "printf u1 | openssl dgst -sha256 -hmac k";
    EXPECT_EQ(redacted(options, "u1 u1"), one + " " + one);
    EXPECT_NE(redacted(options, "u2"), one);
    EXPECT_NE(redacted({.pattern = "u[0-9]+", .hash_key = "another"}, "u1"), one);
}

TEST(Redact, FieldsAreRedactedInPlaceOfTheLine) {
    const Origin origin;
    Record record;
    record.begin("u1", 0, origin, {});
    record.put("a") = Value::of_text("u1");
    record.put("b") = Value::of_boolean(true);
    (void)(*make_redact({.pattern = "u1", .fields = {"a", "b", "c"}}))->process(record);
    EXPECT_EQ(record.find("a")->text, "***");
    EXPECT_EQ(record.line(), "u1");
}

TEST(Redact, APresetOrAPatternAndNotBoth) {
    EXPECT_THAT(make_redact({}).error().at(0).message, HasSubstr("finds nothing"));
    EXPECT_THAT(make_redact({.preset = RedactPreset::card, .pattern = "x"}).error().at(0).message,
                HasSubstr("leave one"));
    EXPECT_EQ(make_redact({.pattern = "("}).error().at(0).key, "pattern");
}

}  // namespace
}  // namespace process
