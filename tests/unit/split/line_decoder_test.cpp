#include "agent/split/line_decoder.h"

#include <string>

#include <gmock/gmock.h>

#include "agent/split/framing.h"
#include "tests/unit/support/line_model.h"

namespace agent::split {
namespace {

using namespace std::string_literals;
using config::InvalidBytes;
using config::TextEncoding;
using test::PlainRecord;
using testing::ElementsAre;

struct Decoded {
    std::vector<PlainRecord> records;
    std::uint32_t undecodable = 0;
};

// All of a file that has these bytes.
Decoded decoded(const std::string& bytes, config::FileSourceConfig config, TextEncoding told) {
    const auto framing = Framing::make(config);
    EXPECT_TRUE(framing.has_value());
    model::Extent extent;
    extent.end = {bytes.size()};
    extent.bytes = bytes;
    extent.encoding = told;
    const auto faults = frame(extent, *framing, kNothingFollows);
    return {.records = test::plain(extent), .undecodable = faults.undecodable};
}

Decoded decoded(const std::string& bytes, TextEncoding encoding) {
    return decoded(bytes, {.encoding = encoding}, encoding);
}

TEST(LineDecoder, MakesUtf8OfEachEncodingAndKeepsTheFilesOffsets) {
    EXPECT_THAT(decoded("\xC4\xE3\xBA\xC3\nok\r\n", TextEncoding::gbk).records,
                ElementsAre(PlainRecord{"你好", 0, 5}, PlainRecord{"ok", 5, 9}));
    EXPECT_THAT(decoded("\x81\x30\x84\x36\n\xC4\xE3\n", TextEncoding::gb18030).records,
                ElementsAre(PlainRecord{"¥", 0, 5}, PlainRecord{"你", 5, 8}));
    EXPECT_THAT(decoded("gr\xFC\xDF\n", TextEncoding::latin1).records, ElementsAre(PlainRecord{"grüß", 0, 5}));
    EXPECT_THAT(decoded("\xFF\xFE\x60\x4F\n\0x\0\r\0\n\0"s, TextEncoding::utf16le).records,
                ElementsAre(PlainRecord{"你", 0, 6}, PlainRecord{"x", 6, 12}));
    EXPECT_THAT(decoded("\x4F\x60\0\n\xD8\x3D\xDE\0\0\n"s, TextEncoding::utf16be).records,
                ElementsAre(PlainRecord{"你", 0, 4}, PlainRecord{"😀", 4, 10}));
}

TEST(LineDecoder, WhatIsNoCharacterIsReplacedAndItsLineCounted) {
    const auto gbk = decoded("\xFF\xFF\n\xC4\nok\n", TextEncoding::gbk);
    EXPECT_THAT(gbk.records,
                ElementsAre(PlainRecord{"\uFFFD\uFFFD", 0, 3}, PlainRecord{"\uFFFD", 3, 5}, PlainRecord{"ok", 5, 8}));
    EXPECT_EQ(gbk.undecodable, 2U);
    const auto half = decoded("\x3D\xD8x\0\n\0"s, TextEncoding::utf16le);
    EXPECT_THAT(half.records, ElementsAre(PlainRecord{"\uFFFDx", 0, 6}));
    EXPECT_EQ(half.undecodable, 1U);
}

TEST(LineDecoder, InvalidUtf8IsKeptOrReplaced) {
    const auto bytes = "a\xFF\n\xE4\xBD\nok \xE4\xBD\xA0\n"s;
    const auto kept = decoded(bytes, {}, TextEncoding::utf8);
    EXPECT_THAT(kept.records,
                ElementsAre(PlainRecord{"a\xFF", 0, 3}, PlainRecord{"\xE4\xBD", 3, 6}, PlainRecord{"ok 你", 6, 13}));
    const auto replaced = decoded(bytes, {.invalid_bytes = InvalidBytes::replace}, TextEncoding::utf8);
    EXPECT_THAT(replaced.records,
                ElementsAre(PlainRecord{"a\uFFFD", 0, 3}, PlainRecord{"\uFFFD", 3, 6}, PlainRecord{"ok 你", 6, 13}));
    EXPECT_EQ(replaced.undecodable, 2U);
}

TEST(LineDecoder, AByteOrderMarkIsNoPartOfTheFirstLine) {
    const config::FileSourceConfig by_bom{.encoding = TextEncoding::by_bom};
    EXPECT_THAT(decoded("\xEF\xBB\xBFok\n\xEF\xBB\xBFx\n", by_bom, TextEncoding::utf8).records,
                ElementsAre(PlainRecord{"ok", 0, 6}, PlainRecord{"\uFEFFx", 6, 11}));
    EXPECT_THAT(decoded("\xFF\xFEx\0\n\0"s, by_bom, TextEncoding::utf16le).records,
                ElementsAre(PlainRecord{"x", 0, 6}));
    EXPECT_THAT(decoded("\x84\x31\x95\x33\xC4\xE3\n", by_bom, TextEncoding::gb18030).records,
                ElementsAre(PlainRecord{"你", 0, 7}));
}

TEST(LineDecoder, LinesAreJoinedAsTheyAreInTheFile) {
    config::FileSourceConfig config{.encoding = TextEncoding::gbk};
    config.multiline = process::MultilineOptions{.goes_on = "^你"};
    EXPECT_THAT(decoded("a\n\xC4\xE3\r\n\xC4\xE3\xBA\xC3\nb\n", config, TextEncoding::gbk).records,
                ElementsAre(PlainRecord{"a\n你\r\n你好", 0, 11}, PlainRecord{"b", 11, 13}));
}

TEST(LineDecoder, ARecordInUtf8HasRoomInItsSink) {
    const auto framing = Framing::make({.encoding = TextEncoding::gbk}, 1200);
    ASSERT_TRUE(framing.has_value());
    EXPECT_EQ(framing->line_limit.bytes_max, 400U) << "each byte may become three";
    EXPECT_EQ(Framing::make({.max_line_bytes = 1025, .encoding = TextEncoding::utf16le})->line_limit.bytes_max, 1024U)
        << "whole units";
    EXPECT_EQ(Framing::make({.max_line_bytes = 1025, .encoding = TextEncoding::by_bom})->line_limit.bytes_max, 1024U);
}

}  // namespace
}  // namespace agent::split
