#include "agent/deliver/record_encoder.h"

#include <random>
#include <regex>

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "agent/split/splitter.h"

namespace agent::deliver {
namespace {

namespace json = boost::json;
using testing::MatchesRegex;

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

TEST(RecordEncoder, MakesAJsonObjectOfEachRecord) {
    const std::string bytes = "first\nse\"cond\xFF\n\n";
    model::Extent extent;
    extent.begin = {1000};
    extent.end = {1000 + bytes.size()};
    extent.bytes = bytes;
    split::split_lines(extent, {});
    encode_json(extent, {.labels = {}, .host = "h\"1", .pipeline = "nginx", .session = {}},
                {.path = "/var/log/\xFF.log", .file_id = "1-2-3"});
    ASSERT_EQ(extent.records.size(), 3U);
    const std::array<std::string, 3> lines{"first", "se\"cond\uFFFD", ""};
    const std::array<std::uint64_t, 3> offsets{1000, 1006, 1015};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto record = json::parse(extent.records[i].line()).as_object();
        EXPECT_EQ(record.at("host").as_string(), "h\"1");
        EXPECT_EQ(record.at("path").as_string(), "/var/log/\uFFFD.log");
        EXPECT_EQ(record.at("pipeline").as_string(), "nginx");
        EXPECT_EQ(record.at("offset").to_number<std::uint64_t>(), offsets[i]);
        EXPECT_EQ(record.at("line").as_string(), lines[i]);
        EXPECT_TRUE(record.at("fields").as_object().empty());
        EXPECT_EQ(record.size(), 7U);
        EXPECT_EQ(extent.records[i].begin.value, offsets[i]) << "where it stands stays the same";
    }
}

TEST(RecordEncoder, TheTimeIsUtcWithMilliseconds) {
    EXPECT_THAT(utc_now(), MatchesRegex("20..-..-..T..:..:..\\....Z"));
}

}  // namespace
}  // namespace agent::deliver
