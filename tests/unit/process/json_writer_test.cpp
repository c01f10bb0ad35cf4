#include "common/process/json_writer.h"

#include <random>

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "common/process/record.h"

namespace process {
namespace {

namespace json = boost::json;

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string read_back(std::string_view text) {
    const auto value = json::parse(json_string(text));
    return std::string(value.as_string());
}

TEST(JsonString, EscapesWhatJsonWants) {
    EXPECT_EQ(json_string("plain"), R"("plain")");
    EXPECT_EQ(json_string(""), R"("")");
    EXPECT_EQ(json_string("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
    EXPECT_EQ(json_string(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\x7f\"");
}

TEST(JsonString, KeepsUtf8AsItIs) {
    for (const std::string text : {"日志", "é", "😀", "\u07FF\u0800\uFFFF\U00010000\U0010FFFF"}) {
        EXPECT_EQ(json_string(text), '"' + text + '"');
        EXPECT_EQ(read_back(text), text);
    }
}

TEST(JsonString, EachByteThatIsNotUtf8BecomesAReplacement) {
    const std::string r = "\uFFFD";
    EXPECT_EQ(read_back("a\xFFz"), "a" + r + "z");
    EXPECT_EQ(read_back("\x80"), r);
    EXPECT_EQ(read_back("\xC0\xAF"), r + r) << "an overlong slash";
    EXPECT_EQ(read_back("\xE0\x80\x80"), r + r + r);
    EXPECT_EQ(read_back("\xED\xA0\x80"), r + r + r) << "a surrogate";
    EXPECT_EQ(read_back("\xF5\x80\x80\x80"), r + r + r + r);
    EXPECT_EQ(read_back("\xF4\x90\x80\x80"), r + r + r + r) << "past the last code point";
    EXPECT_EQ(read_back("\xE6\x97"), r + r) << "cut off";
    EXPECT_EQ(read_back("\xE6\x97\xE6\x97\xA5"), r + r + "日");
}

TEST(JsonString, StaysValidForAnyBytes) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        std::mt19937 random(seed);
        std::string bytes;
        for (auto size = random() % 20; size > 0; --size)
            bytes += static_cast<char>(random() % 2 == 0 ? 0x80 + (random() % 128) : random() % 128);
        boost::system::error_code failed;
        (void)json::parse(json_string(bytes), failed);
        ASSERT_FALSE(failed) << "seed " << seed << ": " << json_string(bytes);
    }
}

TEST(JsonString, LongTextsAreEscapedWhereverItIsNeeded) {
    for (const char odd : {'"', '\\', '\n', '\x1f', '\x7f', '\x80'})
        for (std::size_t at = 0; at < 40; ++at) {
            std::string text(40, 'a');
            text[at] = odd;
            const auto back = read_back(text);
            EXPECT_EQ(back.substr(0, at), text.substr(0, at));
            EXPECT_EQ(back.substr(at),
                      (odd == '\x80' ? std::string("\uFFFD") : std::string(1, odd)) + text.substr(at + 1));
        }
}

TEST(Json, ValuesAreWrittenAsTheyWere) {
    Record record;
    const Origin origin;
    record.begin("", 0, origin, {});
    record.put("n") = Value::of_number("12345678901234567890.10");
    record.put("b") = Value::of_boolean(true);
    record.put("t.x\"") = Value::of_text("a\"b");
    record.put("nothing") = {};
    auto list = record.make_list();
    list.list->push_back(Value::of_number("1"));
    list.list->push_back(record.make_table());
    record.put("list") = list;
    std::string out;
    append_json(out, record.fields());
    EXPECT_EQ(out, R"({"n":12345678901234567890.10,"b":true,"t":{"x\"":"a\"b"},"nothing":null,"list":[1,{}]})");
}

}  // namespace
}  // namespace process
