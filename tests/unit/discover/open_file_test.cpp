#include "agent/discover/open_file.h"

#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/support/temp_folder.h"

namespace agent::discover {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(OpenFile, IdentityStaysWithTheFileThroughRenamesAndGrowth) {
    const test::TempFolder folder;
    test::rewrite(folder.at("a"), "1");
    const auto before = open_file(folder.at("a"));
    ASSERT_TRUE(before);
    test::append_to(folder.at("a"), "2");
    fs::rename(folder.at("a"), folder.at("b"));
    EXPECT_EQ(open_file(folder.at("b"))->identity, before->identity);
    EXPECT_EQ(identify(folder.at("b")), before->identity);
}

TEST(OpenFile, FilesAreToldApart) {
    const test::TempFolder folder;
    test::rewrite(folder.at("a"), "same");
    test::rewrite(folder.at("b"), "same");
    EXPECT_NE(open_file(folder.at("a"))->identity, open_file(folder.at("b"))->identity);
}

TEST(OpenFile, AnInodeThatIsUsedAgainIsAnotherFile) {
    const test::TempFolder folder;
    test::rewrite(folder.at("a"), "1");
    const auto before = *identify(folder.at("a"));
    if (before.generation_kind == model::GenerationKind::none) GTEST_SKIP() << "no generations on this file system";
    for (int i = 0; i < 50; ++i) {
        fs::remove(folder.at("a"));
        test::rewrite(folder.at("a"), "2");
        ASSERT_NE(*identify(folder.at("a")), before);
    }
}

TEST(OpenFile, FollowsSymbolicLinks) {
    const test::TempFolder folder;
    test::rewrite(folder.at("a"), "1");
    fs::create_symlink(folder.at("a"), folder.at("link"));
    EXPECT_EQ(open_file(folder.at("link"))->identity, open_file(folder.at("a"))->identity);
    EXPECT_EQ(identify(folder.at("link")), identify(folder.at("a")));
}

TEST(OpenFile, RefusesWhatIsNotARegularFileAndDoesNotHangOnIt) {
    const test::TempFolder folder;
    fs::create_directory(folder.at("folder"));
    ASSERT_EQ(::mkfifo(folder.at("fifo").c_str(), 0600), 0);
    for (const auto* name : {"folder", "fifo"}) {
        const auto opened = open_file(folder.at(name));
        ASSERT_FALSE(opened) << name;
        EXPECT_THAT(opened.error().message, HasSubstr("not a regular file"));
        EXPECT_FALSE(identify(folder.at(name)));
    }
    EXPECT_THAT(open_file(folder.at("none")).error().message, HasSubstr("No such file or directory (ENOENT)"));
}

TEST(OpenFile, LeavesSomeDescriptorsForOtherThings) {
    const test::TempFolder folder;
    test::rewrite(folder.at("a"), "1");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    auto low = before;
    low.rlim_cur = 100;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    std::vector<base::SharedFd> held;
    auto file = open_file(folder.at("a"));
    for (; file && has_room(*file->fd); file = open_file(folder.at("a"))) held.push_back(file->fd);
    ASSERT_TRUE(file) << "it can be looked at all the same";
    EXPECT_EQ(file->fd->get(), 75);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(OpenFile, TheStateOfAFileIsAnotherOneAfterEveryWrite) {
    const test::TempFolder folder;
    EXPECT_FALSE(state_of(folder.at("a")));
    test::rewrite(folder.at("a"), "1");
    fs::create_symlink(folder.at("a"), folder.at("link"));
    const auto before = state_of(folder.at("a"));
    EXPECT_EQ(before->size_bytes, 1U);
    EXPECT_EQ(state_of(folder.at("link")), before);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the kernel's clock for this has ticks
    EXPECT_EQ(state_of(folder.at("a")), before);
    const auto modified = fs::last_write_time(folder.at("a"));
    test::rewrite(folder.at("a"), "2");
    fs::last_write_time(folder.at("a"), modified);
    EXPECT_NE(state_of(folder.at("a")), before) << "also with the same size, and a time that was set back";
}

}  // namespace
}  // namespace agent::discover
