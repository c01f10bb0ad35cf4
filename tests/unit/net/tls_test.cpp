// Client and server over TLS: who is trusted, and who is not.
#include <optional>

#include <gmock/gmock.h>

#include "common/net/http_client.h"
#include "common/net/http_server.h"
#include "tests/unit/support/certificates.h"
#include "tests/unit/support/run_loop.h"

namespace net {
namespace {

using testing::HasSubstr;

struct Tls : testing::Test {
    Tls() {
        authority.sign("server", "IP:127.0.0.1,DNS:localhost");
        authority.sign("client", "DNS:agent");
        stranger.sign("stranger", "IP:127.0.0.1");
    }
    void serve(const HttpTls& tls) {
        auto listening = HttpServer::listen(
            loop, "127.0.0.1:0", [](const HttpRequest&, HttpRespond respond) { respond({.body = "secret"}); }, {}, tls);
        ASSERT_TRUE(listening) << listening.error().message;
        server = std::move(*listening);
    }
    HttpTls tls_of(const std::string& name, bool asks_for_clients = false) const {
        return {.cert_file = folder.at(name + ".pem"),
                .key_file = folder.at(name + ".key"),
                .client_ca_file = asks_for_clients ? folder.at("ca.pem") : ""};
    }
    // "secret", or why not.
    std::string ask(const TlsFiles& files, const std::string& host = "127.0.0.1") {
        HttpClient client(loop, files);
        auto url = base::parse_url("https://" + server->address() + "/").value();
        url.host = host;
        std::optional<base::Result<ClientResponse>> answer;
        client.send(url, {}, [&](base::Result<ClientResponse> got) { answer = std::move(got); });
        EXPECT_TRUE(test::run_until(loop, [&] { return answer.has_value(); }, std::chrono::seconds(10)));
        if (!answer) return "no answer";
        return *answer ? (*answer)->body : answer->error().message;
    }

    test::TempFolder folder;
    test::Authority authority{folder};
    test::Authority stranger{folder, "other-ca"};
    base::EventLoop loop;
    std::unique_ptr<HttpServer> server;
};

TEST_F(Tls, AServerThatTheAuthorityVouchesForIsSpokenTo) {
    serve(tls_of("server"));
    EXPECT_EQ(ask({.ca_file = folder.at("ca.pem"), .cert_file = "", .key_file = ""}), "secret");
    EXPECT_EQ(ask({.ca_file = folder.at("ca.pem"), .cert_file = "", .key_file = ""}, "localhost"), "secret");
}

TEST_F(Tls, AServerOfAnotherAuthorityIsNot) {
    serve(tls_of("stranger"));
    EXPECT_THAT(ask({.ca_file = folder.at("ca.pem"), .cert_file = "", .key_file = ""}),
                HasSubstr("certificate verify failed"));
    serve(tls_of("server"));
    EXPECT_THAT(ask({.ca_file = "", .cert_file = "", .key_file = ""}), HasSubstr("certificate verify failed"));
}

TEST_F(Tls, ACertificateOfAnotherHostIsNotThatHosts) {
    authority.sign("elsewhere", "DNS:elsewhere");
    serve(tls_of("elsewhere"));
    EXPECT_THAT(ask({.ca_file = folder.at("ca.pem"), .cert_file = "", .key_file = ""}),
                HasSubstr("certificate verify failed"));
}

TEST_F(Tls, WithMutualTlsAClientNeedsACertificateOfTheAuthority) {
    serve(tls_of("server", true));
    const auto ca = folder.at("ca.pem");
    EXPECT_EQ(ask({.ca_file = ca, .cert_file = folder.at("client.pem"), .key_file = folder.at("client.key")}),
              "secret");
    EXPECT_NE(ask({.ca_file = ca, .cert_file = "", .key_file = ""}), "secret");
    EXPECT_NE(ask({.ca_file = ca, .cert_file = folder.at("stranger.pem"), .key_file = folder.at("stranger.key")}),
              "secret");
}

TEST_F(Tls, AKeyThatIsNotTheCertificatesIsAnError) {
    serve(tls_of("server"));
    EXPECT_THAT(ask({.ca_file = folder.at("ca.pem"),
                     .cert_file = folder.at("client.pem"),
                     .key_file = folder.at("server.key")}),
                HasSubstr("cannot use the key"));
}

}  // namespace
}  // namespace net
