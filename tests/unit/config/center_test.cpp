// [center] and what belongs to it.
#include <gmock/gmock.h>

#include "tests/unit/config/complaints.h"

namespace config {
namespace {

using testing::HasSubstr;

constexpr auto* kKey = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";

TEST(Center, WithoutTheTableThereIsNone) {
    EXPECT_FALSE(parse("")->center);
}

TEST(Center, AnEndpointIsEnough) {
    EXPECT_EQ(parse("center.endpoint = 'https://c:4320/v1/opamp'")->center,
              CenterConfig{.endpoints = {"https://c:4320/v1/opamp"}});
}

TEST(Center, EverySettingIsRead) {
    const auto config = parse(std::string(R"(
[agent]
secrets_dir = "/s"
[center]
endpoint = ["http://a:1/x", "https://b:2/x"]
token = "secret"
heartbeat_interval = "5s"
ca_file = "/ca.pem"
cert_file = "/cert.pem"
key_file = "/key.pem"
probation = "1s"
verify_key = ")") + kKey + "\"\n");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->agent.secrets_dir, "/s");
    EXPECT_EQ(config->center, (CenterConfig{.endpoints = {"http://a:1/x", "https://b:2/x"},
                                            .token = "secret",
                                            .heartbeat_interval = std::chrono::seconds(5),
                                            .ca_file = "/ca.pem",
                                            .cert_file = "/cert.pem",
                                            .key_file = "/key.pem",
                                            .verify_key = kKey,
                                            .probation = std::chrono::seconds(1)}));
}

TEST(Center, EveryFaultHasItsComplaint) {
    const auto complaint_of = [](const std::string& line) {
        return complaint("[center]\nendpoint = 'http://c'\n" + line);
    };
    EXPECT_THAT(complaint("[center]\n"), HasSubstr("center.endpoint: is missing (write endpoint ="));
    EXPECT_THAT(complaint("center.endpoint = []"), HasSubstr("center.endpoint: is missing"));
    EXPECT_THAT(complaint("center.endpoint = 'c:4320'"), HasSubstr("is no http or https address"));
    EXPECT_THAT(complaint("center.endpoint = ['http://a', 'b']"), HasSubstr("center.endpoint[1]: \"b\" is no http"));
    EXPECT_THAT(complaint("center.endpoint = 7"), HasSubstr("center.endpoint: is an integer"));
    EXPECT_THAT(complaint_of("token = 'a b'"), HasSubstr("center.token: has white space"));
    EXPECT_THAT(complaint_of("heartbeat_interval = '10ms'"), HasSubstr("out of bounds (from 100ms to 24h)"));
    EXPECT_THAT(complaint_of("probation = '25h'"), HasSubstr("too long"));
    EXPECT_THAT(complaint_of("ca_file = 'ca.pem'"), HasSubstr("is not an absolute path"));
    EXPECT_THAT(complaint_of("cert_file = '/c'"), HasSubstr("center.cert_file: needs key_file beside it"));
    EXPECT_THAT(complaint_of("key_file = '/c'"), HasSubstr("center.key_file: needs cert_file beside it"));
    EXPECT_THAT(complaint_of("verify_key = 'x'"), HasSubstr("cannot read the verify key"));
    EXPECT_THAT(complaint_of("endpont = 'x'"), HasSubstr("unknown key (did you mean \"endpoint\"?)"));
    EXPECT_THAT(complaint("agent.secrets_dir = 's'"), HasSubstr("is not an absolute path"));
}

}  // namespace
}  // namespace config
