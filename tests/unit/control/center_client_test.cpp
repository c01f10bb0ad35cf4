// The link to a server that behaves in every way. What servers of others make of it is for tests/integration.
#include "agent/control/center_client.h"

#include <deque>

#include <gmock/gmock.h>

#include "common/net/gzip.h"
#include "common/net/http_server.h"
#include "common/opamp/codec.h"
#include "tests/unit/control/control_world.h"

namespace agent::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

struct CenterLink : ControlWorld {
    CenterLink() { serve(); }
    ~CenterLink() override {
        client.reset();
        server.reset();
    }

    void serve() {
        auto listening = net::HttpServer::listen(
            loop, "127.0.0.1:0", [this](const auto& request, auto respond) { take(request, std::move(respond)); });
        server = std::move(*listening);
        endpoint = "http://" + server->address() + "/v1/opamp";
    }
    void take(const net::HttpRequest& request, net::HttpRespond respond) {
        const bool is_packed = net::find_header(request.headers, "Content-Encoding") == "gzip";
        const auto body = is_packed ? net::gunzip(request.body, 1 << 20).value() : request.body;
        auto message = opamp::decode_agent_to_server(body);
        ASSERT_TRUE(message);
        messages.push_back(*message);
        authorizations.emplace_back(net::find_header(request.headers, "Authorization"));
        if (bad_mode) return bad_mode(std::move(respond));
        auto answer = next_answer;
        answer.instance_uid = message->instance_uid;
        next_answer = {};
        respond({.content_type = std::string(opamp::kContentType), .body = opamp::encode(answer)});
    }
    void link(const std::string& more = "token = 'enrol'") {
        write_local("", "heartbeat_interval = '100ms'\nprobation = '100ms'\n" + more);
        start();
        connect();
    }
    void connect() {
        client = CenterClient::create(loop, *applier->effective().center,
                                      {.instance_id = {}, .version = "1", .host_name = "h", .started_at = {}}, *applier,
                                      *pipelines, probe)
                     .value();
        client->start();
    }
    void restart() {
        client.reset();
        die();
        start();
        connect();
    }
    bool hears(std::size_t count) {
        return test::run_until(loop, [&] { return messages.size() >= count; }, seconds(10));
    }
    bool until(const std::function<bool()>& true_now) { return test::run_until(loop, true_now, seconds(10)); }
    std::string metric(const std::string& line) const {
        const auto text = registry.prometheus_text();
        const auto at = text.find("venus_agent_" + line);
        return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
    }

    std::unique_ptr<net::HttpServer> server;
    std::unique_ptr<CenterClient> client;
    std::vector<opamp::AgentToServer> messages;
    std::vector<std::string> authorizations;
    opamp::ServerToAgent next_answer;
    std::function<void(net::HttpRespond)> bad_mode;
};

TEST_F(CenterLink, HeartbeatsFollowOneAnotherAndAreIdleOnceAllIsTold) {
    link();
    ASSERT_TRUE(hears(4));
    EXPECT_TRUE(messages[0].description && messages[0].health && messages[0].effective_config);
    for (std::size_t i = 1; i < messages.size(); ++i) {
        EXPECT_EQ(messages[i].sequence_num, i + 1);
        EXPECT_LT(opamp::encode(messages[i]).size(), 60U);
    }
    EXPECT_EQ(authorizations[0], "Bearer enrol");
    EXPECT_TRUE(client->status().connected);
    EXPECT_THAT(metric("heartbeats_total{result=\"ok\"}"), testing::Not(HasSubstr(" 0")));
}

TEST_F(CenterLink, AnOfferIsAppliedAndItsStatusReported) {
    link();
    ASSERT_TRUE(hears(1));
    next_answer.remote_config = config_of(pipeline("a"));
    const auto has_told = [&](opamp::ConfigStatus status) {
        return std::ranges::any_of(messages, [&](const auto& message) {
            return message.remote_config_status && message.remote_config_status->status == status;
        });
    };
    ASSERT_TRUE(until([&] { return has_told(opamp::ConfigStatus::applied); }));
    EXPECT_TRUE(has_told(opamp::ConfigStatus::applying));
    EXPECT_TRUE(runs("a"));
    EXPECT_EQ(client->status().apply_status, "applied");
    EXPECT_TRUE(client->status().config_age);
}

TEST_F(CenterLink, TheUidSurvivesARestartAndAnotherOneIsTaken) {
    link();
    ASSERT_TRUE(hears(1));
    const auto uid = messages.back().instance_uid;
    restart();
    ASSERT_TRUE(hears(messages.size() + 1));
    EXPECT_EQ(messages.back().instance_uid, uid);
    const std::string other(16, '\x77');
    next_answer.new_instance_uid = other;
    ASSERT_TRUE(until([&] { return messages.back().instance_uid == other; }));
    EXPECT_TRUE(messages.back().description);
    restart();
    ASSERT_TRUE(hears(messages.size() + 1));
    EXPECT_EQ(messages.back().instance_uid, other);
}

TEST_F(CenterLink, ACredentialOfItsOwnIsUsedKeptAndGivenUpWhenItIsRefused) {
    link();
    ASSERT_TRUE(hears(1));
    next_answer.connection_settings = {.hash = "s",
                                       .destination_endpoint = "",
                                       .headers = {{.key = "Authorization", .value = "Bearer own"}},
                                       .heartbeat_interval_seconds = 0};
    ASSERT_TRUE(until([&] { return authorizations.back() == "Bearer own"; }));
    restart();
    ASSERT_TRUE(hears(messages.size() + 1));
    EXPECT_EQ(authorizations.back(), "Bearer own");
    bad_mode = [this](net::HttpRespond respond) {
        if (authorizations.back() == "Bearer enrol") bad_mode = {};
        respond({.status = 401, .body = "{\"error\": \"who are you?\"}"});
    };
    ASSERT_TRUE(until([&] { return authorizations.back() == "Bearer enrol"; }));
}

TEST_F(CenterLink, TheHeartbeatIntervalIsTheServers) {
    link();
    ASSERT_TRUE(hears(1));
    next_answer.connection_settings = {
        .hash = "s", .destination_endpoint = "", .headers = {}, .heartbeat_interval_seconds = 3600};
    ASSERT_TRUE(until([&] { return messages.back().connection_settings_status.has_value(); }));
    EXPECT_EQ(messages.back().connection_settings_status->status, opamp::ConfigStatus::applied);
    const auto count = messages.size();
    test::run_for(loop, milliseconds(500));
    EXPECT_EQ(messages.size(), count);
}

TEST_F(CenterLink, BadAnswersAreCountedAndTheNextGoodOneIsTaken) {
    link();
    const std::vector<std::function<void(net::HttpRespond)>> modes = {
        [](net::HttpRespond respond) { respond({.body = "this is no protobuf"}); },
        [](net::HttpRespond respond) { respond({.status = 500, .body = "oops"}); },
        [](net::HttpRespond respond) { respond({.body = std::string(opamp::kBodyBytesMax + 1, 'x')}); },
        [](net::HttpRespond respond) {
            respond({.body = net::gzip(std::string(opamp::kInflatedBytesMax + 1, '\0')),
                     .headers = {{"Content-Encoding", "gzip"}}});
        },
    };
    for (const auto& mode : modes) {
        bad_mode = mode;
        ASSERT_TRUE(until([&] { return !client->status().error.empty(); }));
        EXPECT_FALSE(client->status().connected);
        bad_mode = {};
        ASSERT_TRUE(until([&] { return client->status().connected; }));
        EXPECT_EQ(client->status().error, "");
    }
}

TEST_F(CenterLink, RetryAfterIsHonoured) {
    link();
    bad_mode = [](net::HttpRespond respond) {
        respond({.status = 503, .body = "busy\n", .headers = {{"Retry-After", "2"}}});
    };
    ASSERT_TRUE(hears(1));
    ASSERT_TRUE(until([&] { return !client->status().error.empty(); }));
    EXPECT_EQ(client->status().error, "HTTP status 503: \"busy\"");
    test::run_for(loop, milliseconds(1'500));
    EXPECT_EQ(messages.size(), 1U);
    bad_mode = {};
    ASSERT_TRUE(hears(2));
    EXPECT_TRUE(messages.back().description);
}

TEST_F(CenterLink, SeveralAddressesAreTriedInTurn) {
    const auto good = endpoint;
    endpoint = "http://127.0.0.1:1/v1/opamp', '" + good;
    auto write = [&] {
        write_local("", "heartbeat_interval = '100ms'");
        auto text = test::contents_of(folder.at("agent.toml"));
        const auto at = text.find("endpoint = ") + 11;
        text.insert(text.find('\n', at), "]").insert(at, "[");
        test::rewrite(folder.at("agent.toml"), text);
    };
    write();
    start();
    connect();
    ASSERT_TRUE(hears(2));
    EXPECT_EQ(client->status().endpoint, good);
}

TEST_F(CenterLink, ADeadCenterTouchesNoPipeline) {
    link();
    ASSERT_TRUE(hears(1));
    next_answer.remote_config = config_of(pipeline("a"));
    ASSERT_TRUE(until([&] { return applier->status().status == opamp::ConfigStatus::applied; }));
    server.reset();
    ASSERT_TRUE(until([&] { return !client->status().connected; }));
    EXPECT_TRUE(delivers("a", "line"));
    restart();
    EXPECT_TRUE(delivers("a", "after a restart"));
    EXPECT_FALSE(client->status().last_contact);
}

TEST_F(CenterLink, TheEndIsTold) {
    link();
    ASSERT_TRUE(hears(2));
    bool said = false;
    client->goodbye([&] { said = true; });
    ASSERT_TRUE(until([&] { return said; }));
    EXPECT_TRUE(messages.back().disconnects);
}

TEST_F(CenterLink, TheEndDoesNotWaitForACenterThatDoesNotAnswer) {
    link();
    ASSERT_TRUE(hears(2));
    std::vector<net::HttpRespond> held;
    bad_mode = [&](net::HttpRespond respond) { held.push_back(std::move(respond)); };
    const auto begun = std::chrono::steady_clock::now();
    bool said = false;
    client->goodbye([&] { said = true; });
    ASSERT_TRUE(until([&] { return said; }));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(3));
}

}  // namespace
}  // namespace agent::control
