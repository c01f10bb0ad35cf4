#include "common/opamp/signed_config.h"

#include <gmock/gmock.h>

#include "common/crypto/encoding.h"

namespace opamp {
namespace {

using testing::HasSubstr;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'763'760'000)};

struct SignedConfig : testing::Test {
    ConfigFiles files() const {
        return {{"pipelines/a.toml", {.body = "name = 'a'", .content_type = "text/toml"}},
                {"clusters/main.toml", {.body = "[clusters.main]", .content_type = "text/toml"}}};
    }
    ConfigFiles signed_files() const {
        auto all = files();
        add_manifest(all, terms, &key);
        return all;
    }
    std::string refusal(const ConfigFiles& of) const {
        const auto verified = verify_manifest(of, verify, kNow);
        return verified ? "none" : verified.error().message;
    }

    crypto::SigningKey key = crypto::SigningKey::generate();
    crypto::VerifyKey verify = crypto::VerifyKey::parse(key.public_key()).value();
    ManifestTerms terms{.revision = 7, .expires = kNow + std::chrono::hours(1)};
};

TEST_F(SignedConfig, WhatWasSignedIsVerifiedWithItsTerms) {
    EXPECT_EQ(verify_manifest(signed_files(), verify, kNow), terms);
    EXPECT_EQ(claimed_revision(signed_files()), 7U);
}

TEST_F(SignedConfig, AnEmptyConfigCanBeSignedToo) {
    ConfigFiles none;
    add_manifest(none, terms, &key);
    EXPECT_EQ(verify_manifest(none, verify, kNow), terms);
}

TEST_F(SignedConfig, UnsignedItIsRefused) {
    EXPECT_THAT(refusal(files()), HasSubstr("not signed"));
    auto without_signature = files();
    add_manifest(without_signature, terms, nullptr);
    EXPECT_THAT(refusal(without_signature), HasSubstr("not signed"));
    EXPECT_EQ(claimed_revision(without_signature), 7U);
}

TEST_F(SignedConfig, SignedByAnotherKeyItIsRefused) {
    const auto other = crypto::SigningKey::generate();
    auto all = files();
    add_manifest(all, terms, &other);
    EXPECT_THAT(refusal(all), HasSubstr("its signature is not that of center.verify_key"));
}

TEST_F(SignedConfig, WithAnyByteOfTheManifestChangedItIsRefused) {
    const auto good = signed_files();
    const auto size = good.at("manifest.json").body.size();
    for (std::size_t at = 0; at < size; ++at) {
        auto damaged = good;
        damaged.at("manifest.json").body[at] ^= 1;
        EXPECT_NE(refusal(damaged), "none") << at;
        damaged.at("manifest.json").body.resize(at);
        EXPECT_NE(refusal(damaged), "none") << at;
    }
}

TEST_F(SignedConfig, AFileThatIsChangedMissingOrAddedIsToldByItsName) {
    auto changed = signed_files();
    changed.at("pipelines/a.toml").body += ' ';
    EXPECT_THAT(refusal(changed), HasSubstr("\"pipelines/a.toml\" is not what the manifest says"));
    auto missing = signed_files();
    missing.erase("pipelines/a.toml");
    EXPECT_THAT(refusal(missing), HasSubstr("\"pipelines/a.toml\" is in the manifest, but not in the config"));
    auto added = signed_files();
    added["pipelines/z.toml"] = {};
    EXPECT_THAT(refusal(added), HasSubstr("\"pipelines/z.toml\" is not in the manifest"));
}

TEST_F(SignedConfig, ItExpires) {
    terms.expires = kNow;
    EXPECT_EQ(refusal(signed_files()), "cannot take the config: its signature expired 0 s ago");
    terms.expires = kNow + std::chrono::seconds(1);
    EXPECT_EQ(refusal(signed_files()), "none");
}

TEST_F(SignedConfig, AManifestThatIsSignedButNoManifestIsRefused) {
    for (const auto* text :
         {"", "{}", "[]", "7", "{\"revision\": -1, \"expires\": 9999999999, \"files\": {}}",
          "{\"revision\": 1, \"expires\": 9999999999, \"files\": {\"a\": 1}}", "{\"revision\": 1}"}) {
        ConfigFiles all{{"manifest.json", {.body = text, .content_type = ""}},
                        {"manifest.sig", {.body = crypto::to_base64(key.sign(text)), .content_type = ""}}};
        EXPECT_THAT(refusal(all), HasSubstr("cannot read the config's manifest")) << text;
    }
}

TEST_F(SignedConfig, TheHashIsThatOfTheFilesAloneAndOfAllThatIsInThem) {
    EXPECT_EQ(config_hash(files()), config_hash(signed_files()));
    EXPECT_EQ(config_hash(files()).size(), 32U);
    auto renamed = files();
    renamed["pipelines/b.toml"] = renamed.extract("pipelines/a.toml").mapped();
    EXPECT_NE(config_hash(renamed), config_hash(files()));
    // Lengths keep names and bodies apart.
    EXPECT_NE(config_hash({{"ab", {.body = "c", .content_type = ""}}}),
              config_hash({{"a", {.body = "bc", .content_type = ""}}}));
}

}  // namespace
}  // namespace opamp
