#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/checkpoint/checkpoint_store.h"
#include "tests/unit/checkpoint/some_checkpoint.h"
#include "tests/unit/support/temp_folder.h"

static std::atomic<int> file_syncs = 0;

// The store's way to the disk, in place of libc's.
extern "C" int fdatasync(int fd) {
    ++file_syncs;
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

namespace agent::checkpoint {
namespace {

namespace fs = std::filesystem;
using model::Checkpoint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

OpenedStore open(const fs::path& folder) {
    auto opened = open_checkpoint_store(folder);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
}

void write(CheckpointStore& store, const std::string& pipeline, const Checkpoint& checkpoint) {
    ASSERT_TRUE(
        store.write({.changes = {{{pipeline, checkpoint.file}, checkpoint}}, .looked = {pipeline}}, Durability::host));
}

TEST(CheckpointStore, KeepsWhatWasWrittenOverARestart) {
    const test::TempFolder folder;
    {
        const auto opened = open(folder.path() / "deep" / "data");
        EXPECT_EQ(opened.set_aside, "");
        EXPECT_THAT(opened.store->load("a")->checkpoints, IsEmpty());
        write(*opened.store, "a", some_checkpoint(1, 10));
        write(*opened.store, "a", some_checkpoint(2, 20));
        write(*opened.store, "a", some_checkpoint(1, 30));
        write(*opened.store, "ab", some_checkpoint(1, 40));
    }
    const auto opened = open(folder.path() / "deep" / "data");
    EXPECT_THAT(opened.store->load("a")->checkpoints, ElementsAre(some_checkpoint(1, 30), some_checkpoint(2, 20)));
    EXPECT_THAT(opened.store->load("ab")->checkpoints, ElementsAre(some_checkpoint(1, 40)));
    EXPECT_THAT(opened.store->load("b")->checkpoints, IsEmpty());
    EXPECT_THAT(*opened.store->pipelines(), ElementsAre("a", "ab"));
}

TEST(CheckpointStore, AWriteForTheHostIsOnDiskWhenItReturns) {
    const test::TempFolder folder;
    const auto opened = open(folder.path());
    const auto checkpoint = some_checkpoint(1, 10);
    int before = file_syncs;
    write(*opened.store, "a", checkpoint);
    EXPECT_GT(file_syncs, before);
    before = file_syncs;
    ASSERT_TRUE(
        opened.store->write({.changes = {{{"a", checkpoint.file}, checkpoint}}, .looked = {}}, Durability::process));
    EXPECT_EQ(file_syncs, before) << "a crash of the agent alone needs none";
}

TEST(CheckpointStore, ForgetsWhatItIsToldToForget) {
    const test::TempFolder folder;
    const auto opened = open(folder.path());
    write(*opened.store, "a", some_checkpoint(1, 10));
    write(*opened.store, "a", some_checkpoint(2, 20));
    ASSERT_TRUE(opened.store->write({.changes = {{{"a", some_checkpoint(1, 0).file}, std::nullopt}}, .looked = {}},
                                    Durability::host));
    EXPECT_THAT(opened.store->load("a")->checkpoints, ElementsAre(some_checkpoint(2, 20)));
}

TEST(CheckpointStore, RemembersThatAPipelineHasLooked) {
    const test::TempFolder folder;
    {
        const auto opened = open(folder.path());
        EXPECT_FALSE(opened.store->load("a")->looked_before);
        ASSERT_TRUE(opened.store->write({.changes = {}, .looked = {"a"}}, Durability::host));
        EXPECT_TRUE(opened.store->load("a")->looked_before);
    }
    const auto opened = open(folder.path());
    EXPECT_TRUE(opened.store->load("a")->looked_before);
    EXPECT_FALSE(opened.store->load("b")->looked_before);
    EXPECT_THAT(*opened.store->pipelines(), IsEmpty()) << "a marker is not a checkpoint";
}

TEST(CheckpointStore, OneProcessAtATimeUsesADataFolder) {
    const test::TempFolder folder;
    auto first = std::make_unique<OpenedStore>(open(folder.path()));
    const auto second = open_checkpoint_store(folder.path());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another venus-agent is using it"));
    EXPECT_THAT(second.error().message, HasSubstr(folder.path().string()));
    first.reset();
    EXPECT_TRUE(open_checkpoint_store(folder.path()));
}

TEST(CheckpointStore, ADataFolderThatCannotBeMadeIsAnError) {
    const test::TempFolder folder;
    test::rewrite(folder.at("file"), "");
    const auto opened = open_checkpoint_store(folder.path() / "file" / "data");
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("cannot make the data folder"));
}

// --- damage
// ------------------------------------------------------------------------------------------------------------

constexpr std::uint64_t kFiles = 20;
constexpr std::uint64_t kRounds = 3;  // of writes: a checkpoint of any of them is right or older, none other is

// A store as some runs leave it: SST files of the first ones, a WAL of the last, which moved every other file on.
void fill(const fs::path& folder) {
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
        auto opened = open_checkpoint_store(folder);
        ASSERT_TRUE(opened) << opened.error().message;
        ASSERT_TRUE(round > 1 || opened->store->write({.changes = {}, .looked = {"p"}}, Durability::host));
        for (std::uint64_t file = 0; file < kFiles; file += round == 1 ? 1 : 2) {
            const auto checkpoint = some_checkpoint(file, round * 100);
            ASSERT_TRUE(opened->store->write({.changes = {{{"p", checkpoint.file}, checkpoint}}, .looked = {}},
                                             Durability::host));
        }
    }
}

// Opens and loads; whatever was damaged, what comes out was once written.
void expect_right_or_older(const fs::path& folder) {
    auto opened = open_checkpoint_store(folder);
    ASSERT_TRUE(opened) << opened.error().message;
    if (!opened->set_aside.empty()) {
        EXPECT_TRUE(fs::exists(opened->set_aside));
        EXPECT_THAT(opened->damage, testing::Not(IsEmpty()));
    }
    const auto loaded = opened->store->load("p");
    ASSERT_TRUE(loaded) << "what cannot be read was to be set aside";
    for (const auto& checkpoint : loaded->checkpoints) {
        const auto round = checkpoint.watermark.value / 100;
        EXPECT_TRUE(round >= 1 && round <= kRounds);
        EXPECT_EQ(checkpoint, some_checkpoint(checkpoint.file.inode, round * 100));
    }
    EXPECT_LE(loaded->checkpoints.size(), kFiles);
    const bool all = loaded->checkpoints.size() == kFiles;
    EXPECT_TRUE(all || loaded->looked_before || !opened->set_aside.empty())
        << "start_at = \"end\" would skip lines of files whose checkpoints are lost";
    (void)opened->store->pipelines();

    // And it works again.
    const auto fresh = some_checkpoint(999, 1);
    if (opened->store->write({.changes = {{{"q", fresh.file}, fresh}}, .looked = {}}, Durability::host)) {
        EXPECT_THAT(opened->store->load("q")->checkpoints, ElementsAre(fresh));
    }
}

std::vector<std::string> files_of_a_store() {
    const test::TempFolder folder;
    fill(folder.path());
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder.path() / "checkpoints"))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

// Each file of a store in turn: the same names, since the same calls make them.
class DamagedStore : public testing::Test {
 protected:
    void damage_each(const std::function<void(const fs::path&)>& damage) {
        const test::TempFolder original;
        fill(original.path());
        int damaged = 0;
        for (const auto& name : names_) {
            SCOPED_TRACE(name);
            const test::TempFolder copy;
            fs::copy(original.path(), copy.path(), fs::copy_options::recursive);
            const auto path = copy.path() / "checkpoints" / name;
            if (!fs::exists(path)) continue;
            ++damaged;
            damage(path);
            expect_right_or_older(copy.path());
        }
        EXPECT_GE(damaged, 5) << "CURRENT, MANIFEST, OPTIONS, SST, WAL";
    }

    const std::vector<std::string> names_ = files_of_a_store();
};

TEST_F(DamagedStore, OpensWhateverFileIsMissing) {
    damage_each([](const fs::path& path) { fs::remove(path); });
}

TEST_F(DamagedStore, OpensWhateverFileIsEmpty) {
    damage_each([](const fs::path& path) { fs::resize_file(path, 0); });
}

TEST_F(DamagedStore, OpensWhateverFileIsCutInTheMiddle) {
    damage_each([](const fs::path& path) { fs::resize_file(path, fs::file_size(path) / 2); });
    damage_each([](const fs::path& path) {
        fs::resize_file(path, fs::file_size(path) - std::min<std::uintmax_t>(fs::file_size(path), 1));
    });
}

TEST_F(DamagedStore, OpensWhateverBytesAreFlipped) {
    for (const std::size_t part : {0UL, 1UL, 2UL, 3UL}) {  // quarters of the file
        damage_each([part](const fs::path& path) {
            auto bytes = test::contents_of(path.string());
            if (bytes.empty()) return;
            const auto begin = bytes.size() * part / 4;
            for (std::size_t i = begin; i < std::min(bytes.size(), begin + 8); ++i)
                bytes[i] = static_cast<char>(~bytes[i]);
            test::rewrite(path.string(), bytes);
        });
    }
}

TEST_F(DamagedStore, OpensWhateverFileIsNoise) {
    damage_each([](const fs::path& path) { test::rewrite(path.string(), std::string(4096, '\x5a')); });
}

TEST(DamagedStoreOnce, IsSetAsideWithAReasonAndAFreshOneTakesItsPlace) {
    const test::TempFolder folder;
    fill(folder.path());
    test::rewrite(folder.at("checkpoints/CURRENT"), "nonsense\n");
    {
        const auto opened = open(folder.path());
        EXPECT_THAT(opened.set_aside, HasSubstr("checkpoints.damaged-"));
        EXPECT_TRUE(fs::exists(fs::path(opened.set_aside) / "CURRENT"));
        EXPECT_THAT(opened.damage, testing::Not(IsEmpty()));
        const auto loaded = opened.store->load("p");
        EXPECT_THAT(loaded->checkpoints, IsEmpty());
        EXPECT_TRUE(loaded->looked_before);
        write(*opened.store, "p", some_checkpoint(1, 100));
    }
    const auto again = open(folder.path());
    EXPECT_EQ(again.set_aside, "");
    EXPECT_THAT(again.store->load("p")->checkpoints, SizeIs(1));
}

TEST(DamagedStoreOnce, IsSetAsideTwiceWithinASecond) {
    const test::TempFolder folder;
    for (int time = 0; time < 3; ++time) {
        fill(folder.path());
        test::rewrite(folder.at("checkpoints/CURRENT"), "nonsense\n");
        EXPECT_NE(open(folder.path()).set_aside, "");
    }
}

TEST(DamagedStoreOnce, AFileInPlaceOfTheStoreIsSetAside) {
    const test::TempFolder folder;
    test::rewrite(folder.at("checkpoints"), "not a folder");
    EXPECT_NE(open(folder.path()).set_aside, "");
}

}  // namespace
}  // namespace agent::checkpoint
