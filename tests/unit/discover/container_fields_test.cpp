#include "agent/discover/container_fields.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/support/temp_folder.h"

namespace agent::discover {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const std::string kId = "8f3c0a4be7a24c5d9b1f6e2d3c4b5a69788796a5b4c3d2e1f00112233445566f";

TEST(ContainerFields, AreInTheNamesThatTheKubeletGives) {
    EXPECT_THAT(*container_fields("/var/log/pods/shop_cart-7d9_1f2e-3d/web/12.log", "").fields,
                ElementsAre(Pair("kubernetes.namespace", "shop"), Pair("kubernetes.pod", "cart-7d9"),
                            Pair("kubernetes.container", "web"), Pair("kubernetes.pod_uid", "1f2e-3d")));
    EXPECT_THAT(*container_fields("/var/log/pods/shop_cart-7d9_1f2e-3d/web/0.log.20261128-090000", "").fields,
                testing::Contains(Pair("kubernetes.pod", "cart-7d9")));
    EXPECT_THAT(*container_fields("/var/log/containers/cart-7d9_shop_web-1-" + kId + ".log",
                                  "/var/log/pods/shop_cart-7d9_1f2e-3d/web-1/0.log")
                     .fields,
                ElementsAre(Pair("kubernetes.namespace", "shop"), Pair("kubernetes.pod", "cart-7d9"),
                            Pair("kubernetes.container", "web-1"), Pair("container.id", kId),
                            Pair("kubernetes.pod_uid", "1f2e-3d")));
}

TEST(ContainerFields, AnIdIsTheFoldersName) {
    EXPECT_THAT(
        *container_fields("/var/lib/containers/storage/overlay-containers/" + kId + "/userdata/ctr.log", "").fields,
        ElementsAre(Pair("container.id", kId)));
    for (const auto* other :
         {"/var/log/app.log", "a", "", "/var/log/a_b_c/d/e.log", "/var/log/a_b/d/0.log", "/x/y_z_w"})
        EXPECT_THAT(*container_fields(other, "").fields, IsEmpty()) << other;
}

struct DockerFolder {
    explicit DockerFolder(std::string_view config) {
        std::filesystem::create_directories(folder.at(kId));
        if (!config.empty()) test::append_to(folder.at(kId + "/config.v2.json"), config);
    }

    test::TempFolder folder;
    std::string log = folder.at(kId + "/" + kId + "-json.log");
};

TEST(ContainerFields, AreInWhatDockerKeepsBesideALog) {
    const DockerFolder docker(R"({"ID":"x","Name":"/web","Config":{"Image":"nginx:1.25","Labels":{
        "com.docker.compose.service":"front","io.kubernetes.pod.name":"cart","io.kubernetes.pod.namespace":"shop",
        "n":1}}})");
    const auto [fields, trouble, left_out] = container_fields(docker.log, "");
    EXPECT_EQ(trouble, "");
    EXPECT_EQ(left_out, 0U);
    EXPECT_THAT(*fields, ElementsAre(Pair("container.id", kId), Pair("container.name", "web"),
                                     Pair("container.image", "nginx:1.25"), Pair("kubernetes.namespace", "shop"),
                                     Pair("kubernetes.pod", "cart"),
                                     Pair("container.labels.com_docker_compose_service", "front"),
                                     Pair("container.labels.io_kubernetes_pod_name", "cart"),
                                     Pair("container.labels.io_kubernetes_pod_namespace", "shop")));
    EXPECT_EQ(*container_fields("/elsewhere/link.log", docker.log + ".1").fields, *fields) << "behind a link, rotated";
}

TEST(ContainerFields, WhatDockerDoesNotTellIsSaid) {
    const DockerFolder none("");
    EXPECT_THAT(container_fields(none.log, "").trouble, HasSubstr("cannot open " + none.folder.at(kId)));
    for (const auto* broken : {"{", "[]", "{\"Name\":", "null"})
        EXPECT_THAT(container_fields(DockerFolder(broken).log, "").trouble, HasSubstr("no JSON object"));
    for (const auto* odd : {"{}", R"({"Name":1,"Config":[]})", R"({"Config":{"Labels":null,"Image":{}}})"}) {
        const DockerFolder folder(odd);
        EXPECT_EQ(container_fields(folder.log, "").trouble, "");
        EXPECT_THAT(*container_fields(folder.log, "").fields, ElementsAre(Pair("container.id", kId)));
    }
}

TEST(ContainerFields, LabelsThatARecordCannotTakeAlongAreLeftOutAndCounted) {
    std::string labels = R"("big":")" + std::string(9'000, 'x') + '"';
    for (int i = 0; i < 5'000; ++i) labels += ",\"l" + std::to_string(i) + R"(":"some text")";
    const DockerFolder docker(R"({"Name":"/web","Config":{"Labels":{)" + labels + "}}}");
    const auto known = container_fields(docker.log, "");
    EXPECT_EQ(known.trouble, "");
    EXPECT_EQ(known.fields->size() - 2 + known.labels_left_out, 5'001U) << "but for id and name";
    std::size_t bytes = 0;
    for (const auto& [name, text] : *known.fields) bytes += name.size() + text.size();
    EXPECT_LE(bytes, kContainerFieldBytesMax);
    EXPECT_GT(bytes, kContainerFieldBytesMax - 100) << "the big one alone does not fit";
}

TEST(ContainerFields, OnlyARegularFileTellsOfAContainer) {
    const DockerFolder docker("");
    const auto config = docker.folder.at(kId + "/config.v2.json");
    ASSERT_EQ(::mkfifo(config.c_str(), 0600), 0);
    EXPECT_THAT(container_fields(docker.log, "").trouble, HasSubstr("it is no file"))
        << "and nobody waits for a writer";
    std::filesystem::remove(config);
    test::append_to(docker.folder.at("secret.json"), R"({"Name":"/secret"})");
    std::filesystem::create_symlink(docker.folder.at("secret.json"), config);
    EXPECT_THAT(container_fields(docker.log, "").trouble, HasSubstr("cannot open"));
}

}  // namespace
}  // namespace agent::discover
