#include "common/base/url.h"

#include <gmock/gmock.h>

namespace base {
namespace {

TEST(Url, IsReadWithItsPartsOrTheirDefaults) {
    EXPECT_EQ(parse_url("https://center:4320/v1/opamp"),
              (Url{.is_secure = true, .host = "center", .port = 4320, .target = "/v1/opamp"}));
    EXPECT_EQ(parse_url("http://10.0.0.1"), (Url{.is_secure = false, .host = "10.0.0.1", .port = 80, .target = "/"}));
    EXPECT_EQ(parse_url("https://c?x=1"), (Url{.is_secure = true, .host = "c", .port = 443, .target = "/?x=1"}));
    EXPECT_EQ(parse_url("http://[::1]:8080/a"), (Url{.is_secure = false, .host = "::1", .port = 8080, .target = "/a"}));
    EXPECT_EQ(parse_url("http://[::1]/a"), (Url{.is_secure = false, .host = "::1", .port = 80, .target = "/a"}));
}

TEST(Url, ItsAuthorityIsWhatAHostHeaderSays) {
    EXPECT_EQ(parse_url("https://center:4320/x")->authority(), "center:4320");
    EXPECT_EQ(parse_url("http://[::1]/")->authority(), "[::1]:80");
}

TEST(Url, WhatIsNoneIsRefusedWithWhatIsWrong) {
    EXPECT_EQ(parse_url("center:4320").error().message,
              "\"center:4320\" is no http or https address (write https://host:port/path)");
    for (const auto* wrong : {"", "ftp://x", "http://", "http:///path", "http://:80/", "http://h:0/", "http://h:65536/",
                              "http://h:/", "http://h:8x/", "http://[::1", "http://[::1]x:80/", "http://[]/",
                              "http://h/ x", "http://h/\r\nX: y", "http://h/#f", "http://u:p@h/"})
        EXPECT_FALSE(parse_url(wrong)) << wrong;
    EXPECT_FALSE(parse_url("http://h/" + std::string(4000, 'x')));
}

TEST(Url, APasswordInItIsNotShown) {
    EXPECT_THAT(parse_url("http://user:hunter2@h/").error().message, testing::Not(testing::HasSubstr("hunter2")));
}

}  // namespace
}  // namespace base
