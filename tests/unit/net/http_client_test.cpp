#include "common/net/http_client.h"

#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include "common/base/unique_fd.h"
#include "common/net/gzip.h"
#include "common/net/http_server.h"
#include "tests/unit/support/run_loop.h"

namespace net {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// A server that says what it is told to, whatever it is asked, to one connection after the other.
class ScriptedServer {
 public:
    explicit ScriptedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
        fd_.reset(::socket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in name{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        socklen_t size = sizeof(name);
        EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
        EXPECT_EQ(::listen(fd_.get(), 8), 0);
        EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
        port_ = ntohs(name.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~ScriptedServer() {
        (void)::shutdown(fd_.get(), SHUT_RDWR);
        thread_.join();
    }

    base::Url url() const { return {.is_secure = false, .host = "127.0.0.1", .port = port_, .target = "/v1/opamp"}; }

 private:
    void serve() {
        for (const auto& answer : answers_) {
            const base::UniqueFd connection(::accept(fd_.get(), nullptr, nullptr));
            if (!connection) return;
            std::array<char, 65'536> ignored{};
            (void)::recv(connection.get(), ignored.data(), ignored.size(), 0);
            (void)::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }

    std::vector<std::string> answers_;
    base::UniqueFd fd_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

struct HttpClientTest : testing::Test {
    base::Result<ClientResponse> ask(const base::Url& url, ClientRequest request = {}) {
        std::optional<base::Result<ClientResponse>> answer;
        client->send(url, std::move(request), [&](base::Result<ClientResponse> got) { answer = std::move(got); });
        EXPECT_FALSE(answer) << "answered from within";
        EXPECT_TRUE(test::run_until(loop, [&] { return answer.has_value(); }, std::chrono::seconds(10)));
        return answer.value_or(base::fail("no answer at all"));
    }
    std::string refusal(const std::string& answer) {
        const ScriptedServer scripted({answer});
        const auto got = ask(scripted.url());
        return got ? "none" : got.error().message;
    }
    void serve(HttpHandler handler, const HttpLimits& server_limits = {}) {
        auto listening = HttpServer::listen(loop, "127.0.0.1:0", std::move(handler), server_limits);
        ASSERT_TRUE(listening);
        server = std::move(*listening);
    }
    base::Url url(const std::string& target = "/v1/opamp") const {
        return base::parse_url("http://" + server->address() + target).value();
    }
    void limit(const HttpClientLimits& limits) { client.emplace(loop, TlsFiles{}, limits); }

    base::EventLoop loop;
    std::unique_ptr<HttpServer> server;
    std::optional<HttpClient> client{std::in_place, loop, TlsFiles{}};
};

std::string response(const std::string& headers, const std::string& body) {
    return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(HttpClientTest, AnAnswerHasStatusHeadersAndBody) {
    serve([](const HttpRequest& request, HttpRespond respond) {
        respond({.status = 503, .content_type = "text/x", .body = request.method + request.target + request.body});
    });
    const auto got = ask(url("/a?b=1"), {.method = "PUT", .headers = {}, .body = "body"});
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 503);
    EXPECT_EQ(got->headers.at("content-type"), "text/x");
    EXPECT_EQ(got->body, "PUT/a?b=1body");
}

TEST_F(HttpClientTest, TheConnectionIsKeptAndReplacedWithoutAWordWhenTheServerClosedIt) {
    const auto once = response("", "one");
    const ScriptedServer scripted({once, once, once});  // each connection is closed after its answer
    for (int i = 0; i < 3; ++i) {
        const auto got = ask(scripted.url());
        ASSERT_TRUE(got) << got.error().message;
        EXPECT_EQ(got->body, "one");
        std::this_thread::sleep_for(milliseconds(20));
    }
}

TEST_F(HttpClientTest, ManyRequestsGoOverOneConnection) {
    serve([](const HttpRequest&, HttpRespond respond) { respond({.body = "x"}); }, {.connections_max = 1});
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(ask(url()));
}

TEST_F(HttpClientTest, AnAnswerIsInflatedUpToItsLimit) {
    const auto packed = gzip(std::string(100'000, 'x'));
    limit({.inflated_bytes_max = 100'000});
    const ScriptedServer good({response("Content-Encoding: gzip\r\n", packed)});
    const auto got = ask(good.url());
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body.size(), 100'000U);
    limit({.inflated_bytes_max = 99'999});
    EXPECT_THAT(refusal(response("Content-Encoding: gzip\r\n", packed)), HasSubstr("more than 99999 bytes"));
    EXPECT_THAT(refusal(response("Content-Encoding: gzip\r\n", "plain")), HasSubstr("it is no gzip"));
}

TEST_F(HttpClientTest, TooMuchIsRefused) {
    limit({.header_bytes_max = 1000, .body_bytes_max = 1000});
    EXPECT_EQ(refusal(response("", std::string(1000, 'x'))), "none");
    EXPECT_THAT(refusal(response("", std::string(1001, 'x'))), HasSubstr("body limit"));
    EXPECT_THAT(refusal(response("X: " + std::string(1000, 'x') + "\r\n", "")), HasSubstr("header limit"));
}

TEST_F(HttpClientTest, WhatIsNotHttpOrIsCutOffIsRefused) {
    EXPECT_THAT(refusal("garbage\r\n\r\n"), HasSubstr("cannot read the answer of 127.0.0.1:"));
    EXPECT_THAT(refusal(""), HasSubstr("cannot read the answer of"));
    const auto whole = response("", "body");
    for (std::size_t size = 1; size < whole.size(); size += 7)
        EXPECT_NE(refusal(whole.substr(0, size)), "none") << size;
}

TEST_F(HttpClientTest, ALateAnswerIsNone) {
    std::vector<HttpRespond> held;
    serve([&](const HttpRequest&, HttpRespond respond) { held.push_back(std::move(respond)); });
    limit({.timeout = milliseconds(50)});
    const auto got = ask(url());
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message, HasSubstr("none in 50 ms"));
}

TEST_F(HttpClientTest, AServerThatIsNotThereIsAnError) {
    serve([](const HttpRequest&, HttpRespond) {});
    const auto nobody = url();
    server.reset();
    const auto got = ask(nobody);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message, HasSubstr("Connection refused (ECONNREFUSED)"));
}

TEST_F(HttpClientTest, AHostThatIsNotThereIsAnError) {
    limit({.timeout = milliseconds(5'000)});
    const auto got = ask({.is_secure = false, .host = "no-such-host.invalid", .port = 1, .target = "/"});
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message, HasSubstr("no-such-host.invalid"));
}

TEST_F(HttpClientTest, ANameIsFound) {
    serve([](const HttpRequest&, HttpRespond respond) { respond({.body = "x"}); });
    auto named = url();
    named.host = "localhost";
    const auto got = ask(named);
    EXPECT_TRUE(got) << got.error().message;
}

TEST_F(HttpClientTest, CancelledOrDestroyedItIsSilent) {
    serve([](const HttpRequest&, HttpRespond respond) { respond({.body = "x"}); });
    const auto never = [](const base::Result<ClientResponse>&) { FAIL() << "answered"; };
    client->send(url(), {}, never);
    client->cancel();
    test::run_for(loop, milliseconds(20));
    EXPECT_TRUE(ask(url()));
    client->send(url(), {}, never);
    client.reset();
    test::run_for(loop, milliseconds(20));
}

TEST_F(HttpClientTest, AServerWithoutTlsIsNoneThatSpeaksIt) {
    serve([](const HttpRequest&, HttpRespond respond) { respond({.body = "x"}); });
    auto secure = url();
    secure.is_secure = true;
    const auto got = ask(secure);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message, HasSubstr("cannot agree on TLS with 127.0.0.1:"));
}

TEST_F(HttpClientTest, ACaFileThatCannotBeReadIsAnError) {
    serve([](const HttpRequest&, HttpRespond respond) { respond({.body = "x"}); });
    client.emplace(loop, TlsFiles{.ca_file = "/no/such/ca.pem", .cert_file = "", .key_file = ""});
    auto secure = url();
    secure.is_secure = true;
    const auto got = ask(secure);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message, HasSubstr("cannot use the CA file /no/such/ca.pem"));
}

}  // namespace
}  // namespace net
