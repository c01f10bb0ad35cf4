#include "agent/model/text_encoding.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace agent::model {
namespace {

using namespace std::string_view_literals;
using config::TextEncoding;

TEST(Newline, IsAUnitAtAnEvenOffsetInUtf16) {
    EXPECT_EQ(first_line_end("a\0\n\0b\0"sv, {0}, Newline::utf16le), 4U);
    EXPECT_EQ(first_line_end("\0a\0\n\0b"sv, {0}, Newline::utf16be), 4U);
    EXPECT_EQ(first_line_end("a\0\n\0"sv, {1}, Newline::utf16le), 0U) << "there it is half of two characters";
    // U+0A00 and U+000A in both byte orders.
    EXPECT_EQ(first_line_end("\0\n\n\0"sv, {0}, Newline::utf16le), 4U);
    EXPECT_EQ(first_line_end("\n\0\0\n"sv, {0}, Newline::utf16be), 4U);
    EXPECT_EQ(first_line_end("a\0\n"sv, {0}, Newline::utf16le), 0U) << "the other half may be no zero";
    EXPECT_EQ(first_line_end("ab\n"sv, {7}, Newline::byte), 3U);
    EXPECT_EQ(first_line_end("ab"sv, {0}, Newline::byte), 0U);
}

// The slow and plain way: unit by unit.
TEST(Newline, IsFoundWhereverItIs) {
    std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same texts each time
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(random() % 24, '\0');
        for (auto& byte : bytes) byte = "\n\0a\n"sv[random() % 4];
        const FileOffset offset{random() % 4};
        for (const auto newline : {Newline::utf16le, Newline::utf16be}) {
            std::size_t first = 0;
            std::size_t last = 0;
            for (std::size_t at = offset.value % 2; at + 2 <= bytes.size(); at += 2) {
                if (bytes.substr(at, 2) != (newline == Newline::utf16le ? "\n\0"sv : "\0\n"sv)) continue;
                if (first == 0) first = at + 2;
                last = at + 2;
            }
            ASSERT_EQ(first_line_end(bytes, offset, newline), first);
            ASSERT_EQ(last_line_end(bytes, offset, newline), last);
        }
    }
}

TEST(CarriageReturn, BelongsToTheLineEnding) {
    EXPECT_EQ(without_carriage_return("a\r", Newline::byte), 1U);
    EXPECT_EQ(without_carriage_return("a\0\r\0"sv, Newline::utf16le), 2U);
    EXPECT_EQ(without_carriage_return("\0a\0\r"sv, Newline::utf16be), 2U);
    EXPECT_EQ(without_carriage_return("\r\0a\0"sv, Newline::utf16le), 4U);
}

TEST(ByteOrderMark, TellsTheEncoding) {
    EXPECT_EQ(encoding_by_bom("\xEF\xBB\xBFhello"), TextEncoding::utf8);
    EXPECT_EQ(encoding_by_bom("\xFF\xFEh\0"sv), TextEncoding::utf16le);
    EXPECT_EQ(encoding_by_bom("\xFE\xFF\0h"sv), TextEncoding::utf16be);
    EXPECT_EQ(encoding_by_bom("\x84\x31\x95\x33"), TextEncoding::gb18030);
    EXPECT_EQ(encoding_by_bom("hello"), TextEncoding::utf8);
    for (const auto* beginning : {"", "\xEF", "\xEF\xBB", "\xFF", "\xFE", "\x84\x31\x95"})
        EXPECT_EQ(encoding_by_bom(beginning), std::nullopt);
    EXPECT_EQ(encoding_by_bom("\xEF\xBBx"), TextEncoding::utf8);
}

}  // namespace
}  // namespace agent::model
