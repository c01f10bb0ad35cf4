#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "center/ctl/resources.h"
#include "center/ctl/table.h"
#include "tests/unit/support/temp_folder.h"

namespace center::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Resources : public ::testing::Test {
 protected:
    void write(const std::string& name, const std::string& text) {
        const std::filesystem::path path = folder.at(name);
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    std::vector<std::string> paths() {
        const auto found = read_resources(folder.path());
        if (!found) return {found.error().message};
        std::vector<std::string> all;
        for (const auto& one : *found) all.push_back(one.path());
        return all;
    }

    test::TempFolder folder;
};

TEST_F(Resources, AreReadFromAFolderInTheOrderInWhichTheyLeanOnOneAnother) {
    write("groups.toml", "[groups.web]\nselector = ''\npipelines = ['nginx']\n");
    write("nginx.toml", "name = 'nginx'\n[source]\ninclude = ['/a']\n");
    write("deep/main.toml", "[clusters.main]\nbrokers = ['a:1']\n");
    write("README.md", "not for us");
    EXPECT_THAT(paths(), ElementsAre("clusters/main", "pipelines/nginx", "groups/web"));
}

TEST_F(Resources, APipelineThatStandsAloneIsPutAsItWasWritten) {
    const std::string text = "# why\nname = 'nginx'  # its name\n";
    write("nginx.toml", text);
    EXPECT_EQ(read_resources(folder.at("nginx.toml"))->at(0).body, text);
}

TEST_F(Resources, APipelineOfAListStandsAloneAtTheCenter) {
    write("all.toml",
          "[[pipelines]]\nname = 'a'\n[pipelines.source]\ninclude = ['/x', '/y']\n[[pipelines]]\nname = 'b'\n"
          "enabled = false\n[[pipelines.processors]]\nrate = 0.5\n");
    const auto found = read_resources(folder.path());
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->at(0).body, "name = \"a\"\nsource = { \"include\" = [\"/x\", \"/y\"] }\n");
    EXPECT_THAT(found->at(1).body, HasSubstr("enabled = false\n"));
    EXPECT_THAT(found->at(1).body, HasSubstr("processors = [{ \"rate\" = 0.5 }]\n"));
}

TEST_F(Resources, WhatIsWrongIsSaidWithItsPlace) {
    write("x.toml", "\n[pipelnes]\n");
    EXPECT_THAT(paths()[0], HasSubstr("x.toml:2:1: error: pipelnes: is nothing that a center keeps"));
    write("x.toml", "source = {}\n");
    EXPECT_THAT(paths()[0], HasSubstr("a pipeline has no name"));
    write("x.toml", "name = 'a'\n");
    write("y.toml", "name = 'a'\n");
    EXPECT_THAT(paths()[0], HasSubstr("cannot take pipeline \"a\" twice: it is in "));
    EXPECT_THAT(read_resources("/nowhere").error().message, HasSubstr("no such file or folder"));
}

TEST(Table, ColumnsAreAsWideAsWhatIsInThem) {
    EXPECT_EQ(table({"NAME", "LAG"}, {{"nginx", "1"}, {"ü", ""}}), "NAME   LAG\nnginx  1\nü      -\n");
}

TEST(Table, ADiffHasItsColours) {
    EXPECT_EQ(coloured("@@ 1\n+a\n-b\n c"), "\x1b[36m@@ 1\n\x1b[0m\x1b[32m+a\n\x1b[0m\x1b[31m-b\n\x1b[0m c");
}

}  // namespace
}  // namespace center::ctl
