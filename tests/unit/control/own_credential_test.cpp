#include "agent/control/own_credential.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/support/temp_folder.h"

namespace agent::control {
namespace {

const OwnCredential kCredential{
    .hash = "\xFFh", .headers = {{"Authorization", "Bearer x"}}, .heartbeat_interval_seconds = 5};

TEST(OwnCredential, IsKeptForThisUserAlone) {
    const test::TempFolder folder;
    EXPECT_EQ(load_credential(folder.path()), std::nullopt);
    ASSERT_TRUE(store_credential(folder.path(), kCredential));
    EXPECT_EQ(load_credential(folder.path()), kCredential);
    struct stat about{};
    ASSERT_EQ(::stat(folder.at("center-credential").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST(OwnCredential, AnyDamageIsSeen) {
    const test::TempFolder folder;
    ASSERT_TRUE(store_credential(folder.path(), kCredential));
    const auto path = folder.at("center-credential");
    const auto good = test::contents_of(path);
    for (std::size_t at = 0; at < good.size(); ++at) {
        test::rewrite(path, good.substr(0, at));
        EXPECT_FALSE(load_credential(folder.path())) << at;
        auto damaged = good;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        test::rewrite(path, damaged);
        EXPECT_FALSE(load_credential(folder.path())) << at;
    }
}

TEST(OwnCredential, SettingsAreTakenWithTheirHeadersAndInterval) {
    EXPECT_EQ(accept_settings({.hash = "\xFFh",
                               .destination_endpoint = "",
                               .headers = {{.key = "Authorization", .value = "Bearer x"}},
                               .heartbeat_interval_seconds = 5}),
              kCredential);
}

TEST(OwnCredential, NobodyIsMovedToAnotherCenterOrMadeToSendOddHeaders) {
    EXPECT_FALSE(accept_settings({.destination_endpoint = "https://evil/"}));
    for (const auto& [key, value] : std::vector<opamp::Header>{{"", "x"},
                                                               {"a b", "x"},
                                                               {"a", "x\r\nHost: evil"},
                                                               {"a\n", "x"},
                                                               {"Host", "evil"},
                                                               {"CONTENT-LENGTH", "5"},
                                                               {"Transfer-Encoding", "chunked"},
                                                               {"a", std::string(5000, 'x')}})
        EXPECT_FALSE(accept_settings({.headers = {{.key = key, .value = value}}})) << key;
    EXPECT_FALSE(accept_settings({.headers = std::vector<opamp::Header>(17, {.key = "a", .value = "b"})}));
}

}  // namespace
}  // namespace agent::control
