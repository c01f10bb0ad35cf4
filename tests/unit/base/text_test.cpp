#include "common/base/text.h"

#include <array>

#include <gmock/gmock.h>

namespace base {
namespace {

constexpr std::array<std::string_view, 3> kWords = {"include", "exclude", "start_at"};

TEST(Quote, StaysOnOneLineWhateverTheBytes) {
    EXPECT_EQ(quote("plain"), R"("plain")");
    EXPECT_EQ(quote("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(quote("a\nb\tc\rd\x01"), R"("a\nb\tc\rd\x01")");
    EXPECT_EQ(quote("日志"), "\"日志\"");
    EXPECT_EQ(quote("a\xFFz"), R"("a\xffz")");
}

TEST(ValidUtf8, TextIsKeptAsItIs) {
    EXPECT_EQ(valid_utf8("a é 日 😀"), "a é 日 😀");
    EXPECT_EQ(valid_utf8(""), "");
}

TEST(ValidUtf8, EachByteThatIsNotUtf8IsReplaced) {
    EXPECT_EQ(valid_utf8("a\xFF"
                         "b"),
              "a\uFFFDb");
    EXPECT_EQ(valid_utf8("\xC0\xAF"), "\uFFFD\uFFFD");                      // overlong
    EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");            // surrogate
    EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // beyond U+10FFFF
    EXPECT_EQ(valid_utf8("x\xE6\x97"), "x\uFFFD\uFFFD");                    // cut off
}

TEST(Nearest, IsTheWordWithTheFewestEdits) {
    EXPECT_EQ(nearest("inclued", kWords)->word, "include");
    EXPECT_EQ(nearest("exlude", kWords)->word, "exclude");
    EXPECT_EQ(nearest("startat", kWords)->word, "start_at");
}

TEST(Nearest, IsCloseOnlyForASlipOfTheKeyboard) {
    EXPECT_TRUE(nearest("inculde", kWords)->is_close);
    EXPECT_FALSE(nearest("brokers", kWords)->is_close);
    EXPECT_FALSE(nearest(std::string(10'000, 'i'), kWords)->is_close);
}

TEST(Nearest, OfNoWordsIsNone) {
    EXPECT_FALSE(nearest("include", {}));
}

}  // namespace
}  // namespace base
