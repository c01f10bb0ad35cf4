#include "common/process/parse_access_log.h"

#include "tests/unit/process/parsing.h"

namespace process {
namespace {

constexpr std::string_view kCombined =
    R"(203.0.113.195 - - [10/Oct/2026:13:55:36 +0000] "GET /api/v1/orders?expand=items HTTP/1.1" 200 5316 )"
    R"("https://shop.example.com/cart" "Mozilla/5.0 (X11; Linux x86_64) Chrome/129")";

struct AccessLog : Parsing {
    std::string nginx(std::string_view line) { return parse({.format = Format::nginx}, line); }
    std::string apache(std::string_view line) { return parse({.format = Format::apache}, line); }
};

TEST_F(AccessLog, NginxCombined) {
    EXPECT_EQ(
        nginx(kCombined),
        R"({"remote_addr":"203.0.113.195","time_local":"10/Oct/2026:13:55:36 +0000","method":"GET",)"
        R"("path":"/api/v1/orders?expand=items","protocol":"HTTP/1.1","status":200,"body_bytes_sent":5316,)"
        R"("http_referer":"https://shop.example.com/cart","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64) Chrome/129"})");
}

TEST_F(AccessLog, NginxLeavesOutWhatIsADash) {
    EXPECT_EQ(nginx(R"(::1 - al ice [10/Oct/2026:13:55:36 +0000] "HEAD / HTTP/2.0" 304 0 "-" "-")"),
              R"({"remote_addr":"::1","remote_user":"al ice","time_local":"10/Oct/2026:13:55:36 +0000",)"
              R"("method":"HEAD","path":"/","protocol":"HTTP/2.0","status":304,"body_bytes_sent":0})");
}

TEST_F(AccessLog, ARequestThatIsNoneStaysWholeWithItsEscapes) {
    const auto line = [](std::string_view request) {
        return fmt::format(R"(1.2.3.4 - - [10/Oct/2026:13:55:36 +0000] "{}" 400 157 "-" "-")", request);
    };
    for (const std::string_view request :
         {R"(\x16\x03\x01\x02)", "GET /", "GET /a b HTTP/1.1", "get / HTTP/1.1", "GET  HTTP/1.1"}) {
        (void)nginx(line(request));
        ASSERT_NE(record.find("request"), nullptr) << request;
        EXPECT_EQ(record.find("request")->text, request);
        EXPECT_EQ(record.find("method"), nullptr);
    }
    (void)nginx(line(""));
    EXPECT_EQ(record.find("request"), nullptr);
    EXPECT_EQ(record.find("status")->text, "400");
}

TEST_F(AccessLog, WhatAFormatAddedBehindIsOneText) {
    (void)nginx(std::string(kCombined) + R"( "10.1.2.3" 0.005)");
    EXPECT_EQ(record.find("rest")->text, R"("10.1.2.3" 0.005)");
    EXPECT_EQ(record.find("http_user_agent")->text, "Mozilla/5.0 (X11; Linux x86_64) Chrome/129");
}

TEST_F(AccessLog, AStatusOfZeroesIsANumberInJson) {
    (void)nginx(R"(1.2.3.4 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 000 0 "-" "-")");
    EXPECT_EQ(record.find("status")->text, "0");
}

TEST_F(AccessLog, WhatIsNotCombinedIsAnErrorOfNginx) {
    for (const auto* line :
         {"", "x", "a b c", R"(1.2.3.4 - - [t] "GET / HTTP/1.1" 200 1)",
          R"(1.2.3.4 - - [t] "GET / HTTP/1.1" OK 1 "-" "-")", R"(1.2.3.4 - - [t] "GET / HTTP/1.1" 200 1 "-" "x)",
          R"(1.2.3.4 - - [t] "GET / HTTP/1.1" 200 1 "-" "x"y)", R"(1.2.3.4 x - [t] "GET / HTTP/1.1" 200 1 "-" "-")",
          R"(1.2.3.4 - - "GET / HTTP/1.1" 200 1 "-" "-")"}) {
        (void)nginx(line);
        EXPECT_NE(record.find("parse_error"), nullptr) << line;
        EXPECT_EQ(record.fields().size(), 1U) << line;
    }
}

TEST_F(AccessLog, ApacheCommon) {
    EXPECT_EQ(apache(R"(127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326)"),
              R"({"host":"127.0.0.1","user":"frank","timestamp":"10/Oct/2000:13:55:36 -0700","method":"GET",)"
              R"("path":"/apache_pb.gif","protocol":"HTTP/1.0","status":200,"size":2326})");
    EXPECT_EQ(apache(R"(h id - [10/Oct/2000:13:55:36 -0700] "-" 408 -)"),
              R"({"host":"h","ident":"id","timestamp":"10/Oct/2000:13:55:36 -0700","status":408})");
}

TEST_F(AccessLog, ApacheCombinedWithEscapedQuotes) {
    EXPECT_EQ(
        apache(R"(1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /\"a\\ HTTP/1.0" 200 1 "http://r/" "say \"hi\" \\")"),
        R"({"host":"1.2.3.4","timestamp":"10/Oct/2000:13:55:36 -0700","method":"GET","path":"/\\\"a\\\\",)"
        R"("protocol":"HTTP/1.0","status":200,"size":1,"referrer":"http://r/","agent":"say \\\"hi\\\" \\\\"})");
}

TEST_F(AccessLog, ATruncatedLineLeavesNothingHalfFilled) {
    expect_survives_truncation({.format = Format::nginx}, kCombined);
    expect_survives_truncation({.format = Format::apache}, kCombined);
}

}  // namespace
}  // namespace process
