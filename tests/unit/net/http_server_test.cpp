#include "common/net/http_server.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace net {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// Long enough for a busy machine, short enough to see a hang.
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};

void echo(const HttpRequest& request, HttpRespond respond) {
    respond({.status = 200, .body = request.method + " " + request.target + " " + request.body});
}

// A client that sends what it is told, byte by byte as it is, and reads until the server closes.
class RawClient {
 public:
    explicit RawClient(const std::string& address) {
        if (address.starts_with("unix:")) {
            sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
            std::strncpy(name.sun_path, address.c_str() + 5, sizeof(name.sun_path) - 1);
            connect(AF_UNIX, &name, sizeof(name));
        } else {
            const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
            sockaddr_in name{
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
            connect(AF_INET, &name, sizeof(name));
        }
    }

    RawClient& send(std::string_view text) {
        while (!text.empty()) {
            const auto sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) break;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return *this;
    }

    // Until the server closes, or `end` has been read.
    std::string read_until(std::string_view end = {}) {
        std::string text;
        std::array<char, 4096> part{};
        while (end.empty() || !text.ends_with(end)) {
            const auto size = ::recv(fd_.get(), part.data(), part.size(), 0);
            if (size < 0) return text + "<" + std::strerror(errno) + ">";
            if (size == 0) break;
            text.append(part.data(), static_cast<std::size_t>(size));
        }
        return text;
    }

 private:
    void connect(int family, const void* name, socklen_t size) {
        fd_.reset(::socket(family, SOCK_STREAM, 0));
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
        EXPECT_EQ(::connect(fd_.get(), static_cast<const sockaddr*>(name), size), 0) << std::strerror(errno);
    }

    base::UniqueFd fd_;
};

class Http : public testing::Test {
 protected:
    Http() { std::filesystem::create_directory(folder_); }
    ~Http() override {
        on_loop([this] { server_.reset(); });
        loop_.stop();
        thread_.join();
        std::filesystem::remove_all(folder_);
    }

    template <typename Function>
    void on_loop(Function function) {
        std::promise<void> done;
        loop_.post([&] {
            function();
            done.set_value();
        });
        done.get_future().wait();
    }

    // The address that was bound; an error's message, where it was not.
    std::string serve(const std::string& address, const HttpHandler& handler = echo, const HttpLimits& limits = {}) {
        std::string result;
        on_loop([&] {
            auto server = HttpServer::listen(loop_, address, handler, limits);
            result = server ? (*server)->address() : server.error().message;
            if (server) server_ = std::move(*server);
        });
        return result;
    }

    std::string socket() const { return folder_ + "/s.sock"; }

    std::string folder_ = testing::TempDir() + "venus-http-" + std::to_string(::getpid());
    base::EventLoop loop_;
    std::unique_ptr<HttpServer> server_;
    std::thread thread_{[this] { loop_.run(); }};
};

TEST_F(Http, AnswersOverTcp) {
    const auto address = serve("127.0.0.1:0");
    EXPECT_THAT(address, StartsWith("127.0.0.1:"));
    EXPECT_THAT(RawClient(address).send("GET /metrics HTTP/1.0\r\n\r\n").read_until(),
                AllOf(StartsWith("HTTP/1.0 200 OK\r\n"), HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"),
                      EndsWith("\r\n\r\nGET /metrics ")));
}

TEST_F(Http, AnAddressWithoutHostListensOnIpv4Too) {
    const auto address = serve(":0");
    EXPECT_THAT(RawClient(address).send("GET / HTTP/1.0\r\n\r\n").read_until(), EndsWith("GET / "));
}

TEST_F(Http, AnswersOverAUnixSocketThatOnlyItsGroupMayUse) {
    EXPECT_EQ(serve("unix:" + socket()), "unix:" + socket());
    struct stat status{};
    ASSERT_EQ(::stat(socket().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0660U);
    const auto response = http_call(socket(), {.method = "POST", .target = "/x?y=1", .body = "hello"});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "POST /x?y=1 hello");
    EXPECT_EQ(response->content_type, "text/plain; charset=utf-8");
}

TEST_F(Http, OneConnectionCarriesManyRequests) {
    RawClient client(serve("127.0.0.1:0"));
    EXPECT_THAT(client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n").read_until("GET /1 "), StartsWith("HTTP/1.1 200"));
    client.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_until(), AllOf(HasSubstr("GET /2 "), EndsWith("GET /3 ")));
}

TEST_F(Http, HeadIsAnsweredWithoutABody) {
    const auto answer = RawClient(serve("127.0.0.1:0")).send("HEAD /m HTTP/1.0\r\n\r\n").read_until();
    EXPECT_THAT(answer, AllOf(HasSubstr("Content-Length: 8\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(Http, AnAnswerMayComeLaterAndTakesItsStatusAlong) {
    serve("unix:" + socket(), [this](const HttpRequest&, HttpRespond respond) {
        loop_.post([respond = std::move(respond)]() mutable {
            respond({.status = 503, .content_type = "application/json", .body = "{}"});
            respond({.status = 200, .body = "twice"});
        });
    });
    const auto response = http_call(socket(), {.method = "GET", .target = "/readyz", .body = ""});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 503);
    EXPECT_EQ(response->content_type, "application/json");
    EXPECT_EQ(response->body, "{}");
}

TEST_F(Http, AStaleSocketIsReplaced) {
    {
        const base::UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
        std::strncpy(name.sun_path, socket().c_str(), sizeof(name.sun_path) - 1);
        const void* address = &name;
        ASSERT_EQ(::bind(dead.get(), static_cast<const sockaddr*>(address), sizeof(name)), 0);
    }
    ASSERT_TRUE(std::filesystem::exists(socket()));
    EXPECT_EQ(serve("unix:" + socket()), "unix:" + socket());
    EXPECT_TRUE(http_call(socket(), {.method = "GET", .target = "/", .body = ""}));
}

TEST_F(Http, ALiveSocketIsRefusedAndGoesOnServing) {
    serve("unix:" + socket());
    on_loop([this] {
        const auto second = HttpServer::listen(loop_, "unix:" + socket(), echo);
        EXPECT_THAT(second.error().message, HasSubstr("another process does"));
    });
    EXPECT_TRUE(http_call(socket(), {.method = "GET", .target = "/", .body = ""}));
}

TEST_F(Http, WhatIsNoSocketIsLeftAlone) {
    std::filesystem::create_directory(socket());
    EXPECT_THAT(serve("unix:" + socket()), HasSubstr("no socket"));
    EXPECT_TRUE(std::filesystem::is_directory(socket()));
}

TEST_F(Http, AnAddressThatCannotBeBoundIsAnErrorThatNamesIt) {
    EXPECT_THAT(serve("127.0.0.1:99999x"), StartsWith("cannot resolve 127.0.0.1:99999x: "));
    EXPECT_THAT(serve("nowhere"), HasSubstr("no port"));
    EXPECT_THAT(serve("unix:/no/such/folder/s"), StartsWith("cannot bind unix:/no/such/folder/s: No such file"));
    EXPECT_THAT(serve("unix:/" + std::string(200, 'a')), HasSubstr("1 to 107 bytes"));
    const auto taken = serve("127.0.0.1:0");
    on_loop([&] {
        EXPECT_THAT(HttpServer::listen(loop_, taken, echo).error().message, HasSubstr("cannot bind " + taken));
    });
}

TEST_F(Http, TheNameOfTheSocketGoesWithTheServerUnlessAnotherHasIt) {
    serve("unix:" + socket());
    on_loop([this] { server_.reset(); });
    EXPECT_FALSE(std::filesystem::exists(socket()));
    serve("unix:" + socket());
    std::filesystem::remove(socket());
    std::filesystem::create_directory(socket());
    on_loop([this] { server_.reset(); });
    EXPECT_TRUE(std::filesystem::exists(socket()));
}

TEST_F(Http, ABodyThatIsTooLargeIsRefusedWithoutBeingRead) {
    serve("unix:" + socket(), echo, {.body_bytes_max = 100});
    EXPECT_EQ(http_call(socket(), {.method = "POST", .target = "/", .body = std::string(100, 'x')})->status, 200);
    EXPECT_THAT(RawClient("unix:" + socket())
                    .send("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'))
                    .read_until("large\n"),
                StartsWith("HTTP/1.1 413 "));
}

TEST_F(Http, AHeaderThatIsTooLargeIsRefused) {
    const auto address = serve("127.0.0.1:0");
    EXPECT_THAT(
        RawClient(address).send("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n").read_until("large\n"),
        StartsWith("HTTP/1.1 431 "));
}

TEST_F(Http, GarbageIsAnsweredWith400AndTheNextClientIsServed) {
    const auto address = serve("127.0.0.1:0");
    EXPECT_THAT(RawClient(address).send(std::string("\x16\x03\x01\x00garbage\r\n\r\n", 15)).read_until("\n\r\n"),
                HasSubstr(" 400 "));
    EXPECT_THAT(RawClient(address).send("GET / HTTP/1.0\r\n\r\n").read_until(), EndsWith("GET / "));
}

TEST_F(Http, AClientThatLeavesInTheMiddleHarmsNobody) {
    const auto address = serve("127.0.0.1:0");
    RawClient(address).send("POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\nhalf");
    RawClient(address).send("GET /");
    EXPECT_THAT(RawClient(address).send("GET / HTTP/1.0\r\n\r\n").read_until(), EndsWith("GET / "));
}

TEST_F(Http, AClientThatDawdlesIsClosed) {
    RawClient slow(serve("127.0.0.1:0", echo, {.request_timeout = milliseconds(50)}));
    EXPECT_EQ(slow.send("GET / HT").read_until(), "");
}

TEST_F(Http, AnIdleConnectionIsKeptForATimeOfItsOwn) {
    RawClient client(
        serve("127.0.0.1:0", echo, {.request_timeout = milliseconds(50), .idle_timeout = std::chrono::seconds(10)}));
    client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n").read_until("GET /1 ");
    std::this_thread::sleep_for(milliseconds(200));
    EXPECT_THAT(client.send("GET /2 HTTP/1.0\r\n\r\n").read_until(), EndsWith("GET /2 "));
}

TEST_F(Http, AConnectionThatIsIdleForTooLongIsClosed) {
    RawClient client(serve("127.0.0.1:0", echo, {.idle_timeout = milliseconds(50)}));
    client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n").read_until("GET /1 ");
    EXPECT_EQ(client.read_until(), "");
}

TEST_F(Http, ARequestHasItsHeadersAndTheClientsAddress) {
    const auto address = serve("127.0.0.1:0", [](const HttpRequest& request, HttpRespond respond) {
        respond({.body = std::string(find_header(request.headers, "authorization")) + "|" +
                         std::string(find_header(request.headers, "missing")) + "|" + request.peer});
    });
    EXPECT_THAT(RawClient(address).send("GET / HTTP/1.0\r\nAUTHORIZATION: Bearer x\r\n\r\n").read_until(),
                EndsWith("\r\n\r\nBearer x||127.0.0.1"));
}

TEST_F(Http, AnAnswerMayHaveHeadersOfItsOwn) {
    const auto address = serve("127.0.0.1:0", [](const HttpRequest&, HttpRespond respond) {
        respond({.status = 429, .body = "", .headers = {{"Retry-After", "7"}}});
    });
    EXPECT_THAT(RawClient(address).send("GET / HTTP/1.0\r\n\r\n").read_until(), HasSubstr("\r\nRetry-After: 7\r\n"));
}

TEST_F(Http, ACertificateThatCannotBeUsedIsAnErrorThatNamesIt) {
    on_loop([this] {
        EXPECT_THAT(HttpServer::listen(loop_, "127.0.0.1:0", echo, {}, {.cert_file = "/no/such.pem"}).error().message,
                    HasSubstr("cannot use the certificate /no/such.pem"));
    });
}

TEST_F(Http, AnAnswerThatNeverComesIsA504) {
    std::vector<HttpRespond> kept;
    serve("unix:" + socket(), [&](const HttpRequest&, HttpRespond respond) { kept.push_back(std::move(respond)); },
          {.request_timeout = milliseconds(50)});
    EXPECT_EQ(http_call(socket(), {.method = "GET", .target = "/", .body = ""})->status, 504);
    on_loop([&] { kept.at(0)({.body = "too late"}); });
}

TEST_F(Http, MoreConnectionsThanAllowedWaitForTheirTurn) {
    const auto address = serve("127.0.0.1:0", echo, {.connections_max = 1});
    std::optional<RawClient> first(address);
    first->send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n").read_until("GET /1 ");
    RawClient second(address);
    second.send("GET /2 HTTP/1.0\r\n\r\n");
    first.reset();
    EXPECT_THAT(second.read_until(), EndsWith("GET /2 "));
}

TEST_F(Http, DestroyedItClosesItsConnectionsAndIgnoresALateAnswer) {
    std::promise<HttpRespond> asked;
    const auto address =
        serve("127.0.0.1:0", [&](const HttpRequest&, HttpRespond respond) { asked.set_value(std::move(respond)); });
    RawClient client(address);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    auto respond = asked.get_future().get();
    on_loop([this] { server_.reset(); });
    EXPECT_EQ(client.read_until(), "");
    on_loop([&] { respond({.body = "late"}); });
}

TEST_F(Http, AHandlerMayDestroyTheServer) {
    const auto address = serve("127.0.0.1:0", [this](const HttpRequest&, HttpRespond respond) {
        server_.reset();
        respond({.body = "late"});
    });
    EXPECT_EQ(RawClient(address).send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").read_until(), "");
}

TEST_F(Http, ACallToNobodyIsAnErrorThatNamesTheSocket) {
    const auto response = http_call(socket(), {.method = "GET", .target = "/", .body = ""});
    EXPECT_EQ(response.error().message, "cannot call " + socket() + ": No such file or directory (ENOENT)");
    EXPECT_THAT(http_call(std::string(200, 'a'), {}).error().message, HasSubstr("1 to 107 bytes"));
}

TEST_F(Http, ACallThatIsNotAnsweredEndsInTime) {
    std::vector<HttpRespond> kept;
    serve("unix:" + socket(), [&](const HttpRequest&, HttpRespond respond) { kept.push_back(std::move(respond)); });
    EXPECT_THAT(http_call(socket(), {.method = "GET", .target = "/", .body = ""}, milliseconds(50)).error().message,
                EndsWith("none in 50 ms"));
    on_loop([&] { kept.clear(); });
}

}  // namespace
}  // namespace net
