#include "agent/discover/discovery.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/support/run_loop.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::discover {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using config::FileSourceConfig;
using config::StartAt;
using model::Checkpoint;
using model::FileIdentity;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Keeps what it hears, and the files open, as tails would.
struct Listener : DiscoveryListener {
    void file_found(FoundFile file) override { found.push_back(std::move(file)); }
    void files_changed(const std::vector<FileIdentity>& files) override {
        for (const auto& file : files) ++changes[file];
    }
    void swept(Sweep why) override { sweeps.push_back(why); }
    void file_moved(const FileIdentity& file, const std::string& path) override { moves.emplace_back(file, path); }
    void file_left(const FileIdentity& file) override { gone.push_back(file); }

    std::vector<FoundFile> found;
    std::map<FileIdentity, int> changes;
    std::vector<Sweep> sweeps;
    std::vector<std::pair<FileIdentity, std::string>> moves;
    std::vector<FileIdentity> gone;
};

class DiscoveryTest : public testing::Test {
 protected:
    DiscoveryTest() {
        auto created = Discovery::create(loop, listener, log);
        EXPECT_TRUE(created);
        discovery = std::move(*created);
    }

    // Runs the loop until `true_now`, at most for a few seconds, which is less than the sweep's interval.
    bool until(const std::function<bool()>& true_now) { return test::run_until(loop, true_now, 5s); }
    // Long enough for all events to arrive.
    void settle() { test::run_for(loop, 60ms); }

    void follow(const std::string& pipeline, std::vector<std::string> include, std::vector<std::string> exclude = {},
                std::vector<Checkpoint> checkpoints = {}) {
        FileSourceConfig source;
        for (const auto& pattern : include) source.include.push_back(folder.at(pattern));
        source.exclude = std::move(exclude);
        discovery->add_pipeline(pipeline, source, std::move(checkpoints), true);
    }
    std::string at(const std::string& name) const { return folder.at(name); }
    void make(const std::string& name, std::string_view bytes = "line\n") {
        fs::create_directories(fs::path(at(name)).parent_path());
        test::rewrite(at(name), bytes);
    }
    FileIdentity identity(const std::string& name) const { return identify(at(name)).value_or(FileIdentity{}); }
    std::vector<std::string> found() const {  // "pipeline name"
        std::vector<std::string> all;
        for (const auto& file : listener.found)
            all.push_back(file.pipeline + " " + file.path.substr(folder.path().string().size() + 1));
        return all;
    }
    std::vector<std::string> moves() const {
        std::vector<std::string> all;
        for (const auto& [file, path] : listener.moves) all.push_back(path.substr(folder.path().string().size() + 1));
        return all;
    }

    test::TempFolder folder;
    base::EventLoop loop;
    Listener listener;
    telemetry::Log log{{.level = config::LogLevel::error, .format = config::LogFormat::text}};
    std::unique_ptr<Discovery> discovery;
};

TEST_F(DiscoveryTest, FindsTheFilesThatAreThere) {
    make("a.log");
    make("b.log");
    make("c.txt");
    follow("p", {"*.log"});
    EXPECT_THAT(found(), UnorderedElementsAre("p a.log", "p b.log"));
    EXPECT_EQ(listener.found[0].identity, identify(listener.found[0].path));
    ASSERT_TRUE(*listener.found[0].fd);
    EXPECT_FALSE(listener.found[0].at_end);
}

TEST_F(DiscoveryTest, FindsAFileThatAppears) {
    follow("p", {"*.log"});
    make("a.log");
    EXPECT_TRUE(until([&] { return found().size() == 1; }));
    EXPECT_THAT(found(), ElementsAre("p a.log"));
}

TEST_F(DiscoveryTest, FindsAFileThatIsMovedIntoSight) {
    make("a.tmp");
    follow("p", {"*.log"});
    EXPECT_THAT(found(), IsEmpty());
    fs::rename(at("a.tmp"), at("a.log"));
    EXPECT_TRUE(until([&] { return found().size() == 1; }));
}

TEST_F(DiscoveryTest, FindsFilesInFoldersThatAppearFiveLevelsDeepAtOnce) {
    follow("p", {"1/2/3/4/5/*.log"});
    follow("q", {"**/*.log"});
    make("1/2/3/4/5/a.log");
    EXPECT_TRUE(until([&] { return found().size() == 2; }));
    EXPECT_THAT(found(), UnorderedElementsAre("p 1/2/3/4/5/a.log", "q 1/2/3/4/5/a.log"));
    make("1/2/3/4/5/b.log");
    EXPECT_TRUE(until([&] { return found().size() == 4; }));
}

TEST_F(DiscoveryTest, SaysThatAFileWasWrittenTo) {
    make("a.log");
    follow("p", {"*.log"});
    settle();
    const auto before = listener.changes[identity("a.log")];
    test::append_to(at("a.log"), "more\n");
    EXPECT_TRUE(until([&] { return listener.changes[identity("a.log")] > before; }));
}

TEST_F(DiscoveryTest, FollowsARenameInPlaceAndFindsTheFileThatTakesTheName) {
    make("a.log");
    follow("p", {"a.log"});
    const auto first = identity("a.log");
    fs::rename(at("a.log"), at("a.log.1"));
    make("a.log");
    EXPECT_TRUE(until([&] { return found().size() == 2; }));
    settle();
    EXPECT_THAT(moves(), ElementsAre("a.log.1"));
    EXPECT_EQ(listener.moves[0].first, first);
    EXPECT_THAT(listener.gone, IsEmpty());
    EXPECT_EQ(listener.found[1].identity, identity("a.log"));
    EXPECT_NE(listener.found[1].identity, first);

    // It is followed under its new name, which matches nothing.
    const auto before = listener.changes[first];
    test::append_to(at("a.log.1"), "late\n");
    EXPECT_TRUE(until([&] { return listener.changes[first] > before; }));
}

TEST_F(DiscoveryTest, FollowsAChainOfRenames) {
    make("a.log");
    follow("p", {"a.log"});
    std::vector<FileIdentity> files;
    for (int round = 0; round < 4; ++round) {
        files.push_back(identity("a.log"));
        for (int i = round; i > 0; --i)
            fs::rename(at("a.log." + std::to_string(i)), at("a.log." + std::to_string(i + 1)));
        fs::rename(at("a.log"), at("a.log.1"));
        make("a.log");
        ASSERT_TRUE(until([&] { return found().size() == static_cast<std::size_t>(round) + 2; }));
    }
    settle();
    EXPECT_THAT(listener.gone, IsEmpty());
    std::map<FileIdentity, std::string> last;
    for (const auto& [file, path] : listener.moves) last[file] = path;
    for (std::size_t i = 0; i < files.size(); ++i)
        EXPECT_EQ(last[files[i]], at("a.log." + std::to_string(files.size() - i)));
}

TEST_F(DiscoveryTest, SaysThatADeletedFileLeft) {
    make("a.log");
    follow("p", {"*.log"});
    const auto file = identity("a.log");
    fs::remove(at("a.log"));
    EXPECT_TRUE(until([&] { return !listener.gone.empty(); }));
    EXPECT_THAT(listener.gone, ElementsAre(file));
}

TEST_F(DiscoveryTest, SaysThatAFileThatWasMovedOutOfSightLeftAndThatItIsBack) {
    make("logs/a.log");
    fs::create_directory(at("archive"));
    follow("p", {"logs/*.log"});
    const auto file = identity("logs/a.log");
    fs::rename(at("logs/a.log"), at("archive/a.log"));
    EXPECT_TRUE(until([&] { return !listener.gone.empty(); }));
    EXPECT_THAT(listener.gone, ElementsAre(file));
    fs::rename(at("archive/a.log"), at("logs/b.txt"));
    EXPECT_TRUE(until([&] { return !listener.moves.empty(); }));
    EXPECT_THAT(moves(), ElementsAre("logs/b.txt")) << "the same tail goes on";
    EXPECT_EQ(found().size(), 1U);
}

TEST_F(DiscoveryTest, AFileWithTwoNamesLeavesWithTheLast) {
    make("a.log");
    fs::create_hard_link(at("a.log"), at("b.log"));
    follow("p", {"*.log"});
    EXPECT_EQ(found().size(), 1U) << "one file, one tail";
    fs::remove(at("a.log"));
    settle();
    EXPECT_THAT(listener.gone, IsEmpty());
    fs::remove(at("b.log"));
    EXPECT_TRUE(until([&] { return !listener.gone.empty(); }));
}

TEST_F(DiscoveryTest, OneFileIsFollowedByEveryPipelineThatItMatches) {
    make("a.log");
    follow("p", {"*.log"});
    follow("q", {"a.*"});
    EXPECT_THAT(found(), UnorderedElementsAre("p a.log", "q a.log"));
    EXPECT_EQ(listener.found[0].fd, listener.found[1].fd) << "opened once";
    make("a.b.log");
    EXPECT_TRUE(until([&] { return found().size() == 4; }));
    EXPECT_THAT(found(), UnorderedElementsAre("p a.log", "q a.log", "p a.b.log", "q a.b.log"));
}

TEST_F(DiscoveryTest, AnExcludedFileIsNotFollowed) {
    make("a.log");
    make("debug.log");
    follow("p", {"**/*.log"}, {"debug*"});
    make("x/debug.log");
    make("x/b.log");
    EXPECT_TRUE(until([&] { return found().size() == 2; }));
    settle();
    EXPECT_THAT(found(), UnorderedElementsAre("p a.log", "p x/b.log"));
}

TEST_F(DiscoveryTest, StartAtEndIsForWhatIsThereWhenAPipelineLooksForTheFirstTime) {
    make("old.log");
    FileSourceConfig source{.include = {at("*.log")}, .exclude = {}, .start_at = StartAt::end};
    discovery->add_pipeline("first", source, {}, false);
    make("new.log");
    EXPECT_TRUE(until([&] { return found().size() == 2; }));
    discovery->add_pipeline("again", source, {}, true);
    ASSERT_EQ(listener.found.size(), 4U);
    EXPECT_TRUE(listener.found[0].at_end);
    for (std::size_t i = 1; i < 4; ++i) EXPECT_FALSE(listener.found[i].at_end) << i;
}

TEST_F(DiscoveryTest, ARemovedPipelineHearsNothingMoreAndOthersGoOn) {
    make("a.log");
    follow("p", {"*.log"});
    follow("q", {"*.log"});
    discovery->remove_pipeline("p");
    make("b.log");
    EXPECT_TRUE(until([&] { return found().size() == 3; }));
    settle();
    EXPECT_THAT(found(), UnorderedElementsAre("p a.log", "q a.log", "q b.log"));
    discovery->remove_pipeline("q");
    const auto changes = listener.changes;
    make("c.log");
    test::append_to(at("a.log"), "x\n");
    settle();
    discovery->sweep();
    EXPECT_EQ(found().size(), 3U);
    EXPECT_EQ(listener.changes, changes);
    EXPECT_THAT(listener.gone, IsEmpty());
}

TEST_F(DiscoveryTest, APipelineThatIsMadeAgainFindsItsFilesAgain) {
    make("a.log");
    follow("p", {"*.log"});
    discovery->remove_pipeline("p");
    follow("p", {"*.log"});
    EXPECT_THAT(found(), ElementsAre("p a.log", "p a.log"));
}

TEST_F(DiscoveryTest, AFileInAFolderOfARemovedPipelineLeavesForTheOtherThatFollowsIt) {
    make("new/a.log");
    fs::create_directory(at("old"));
    follow("p", {"new/*.log"});
    follow("q", {"old/*.log"});
    fs::rename(at("new/a.log"), at("old/a.log"));
    EXPECT_TRUE(until([&] { return found().size() == 2; }));
    settle();
    discovery->remove_pipeline("q");
    settle();
    EXPECT_THAT(listener.gone, ElementsAre(identity("old/a.log"))) << "no folder that is watched has it any more";
}

TEST_F(DiscoveryTest, AReleasedFileIsForgottenAndFoundAnewIfItIsStillThere) {
    make("a.log");
    follow("p", {"*.log"});
    discovery->release("p", identity("a.log"));
    listener.found.clear();
    discovery->sweep();
    EXPECT_THAT(found(), ElementsAre("p a.log"));
    discovery->release("p", {.inode = 1});
    discovery->release("nobody", identity("a.log"));
}

// --- checkpoints
// -------------------------------------------------------------------------------------------------------

Checkpoint checkpoint_of(const FileIdentity& file, std::uint64_t watermark = 3) {
    return {.file = file,
            .watermark = {watermark},
            .head = {.length = 3, .hash = 1},
            .anchor = {.length = 3, .hash = 1},
            .origin_path = "/before/a.log",
            .path = "/before/a.log",
            .updated_ms = 1000};
}

TEST_F(DiscoveryTest, AFileComesWithItsCheckpoint) {
    make("a.log");
    make("b.log");
    follow("p", {"*.log"}, {}, {checkpoint_of(identity("a.log"), 5)});
    for (const auto& file : listener.found)
        EXPECT_EQ(file.checkpoint.has_value(), file.path == at("a.log")) << file.path;
}

TEST_F(DiscoveryTest, AFileThatWasRotatedWhileNobodyLookedIsStillFinished) {
    make("a.log.1");
    make("other.log.1");
    auto rotated = checkpoint_of(identity("a.log.1"), 5);
    rotated.origin_path = at("a.log");
    follow("p", {"a.log"}, {}, {rotated, checkpoint_of(identity("other.log.1"), 5)});
    ASSERT_THAT(found(), ElementsAre("p a.log.1")) << "the pattern never matched the other one, or does no more";
    EXPECT_EQ(listener.found[0].checkpoint->watermark.value, 5U);
}

TEST_F(DiscoveryTest, AnInodeThatWasUsedAgainDoesNotInheritACheckpoint) {
    make("a.log");
    make("b.txt");
    auto other = identity("a.log");
    other.generation += 1;
    auto another = identity("b.txt");
    another.generation += 1;
    follow("p", {"*.log"}, {}, {checkpoint_of(other), checkpoint_of(another)});
    ASSERT_THAT(found(), ElementsAre("p a.log"));
    EXPECT_FALSE(listener.found[0].checkpoint);
}

TEST_F(DiscoveryTest, AFileWhoseDeviceGotAnotherNumberIsOfferedItsCheckpoint) {
    make("a.log");
    make("b.log");
    auto moved = identity("a.log");
    moved.device += 1;
    auto unconfirmed = checkpoint_of(identity("b.log"));
    unconfirmed.file.device += 1;
    unconfirmed.head = {};
    follow("p", {"*.log"}, {}, {checkpoint_of(moved), unconfirmed});
    for (const auto& file : listener.found) {
        if (file.path == at("a.log")) {
            ASSERT_TRUE(file.checkpoint);
            EXPECT_EQ(file.checkpoint->file, moved) << "the reader confirms it by its fingerprints";
        } else {
            EXPECT_FALSE(file.checkpoint) << "nothing could confirm it";
        }
    }
}

constexpr std::chrono::milliseconds kRetention{1000};

std::vector<FileIdentity> files_of(const std::vector<Checkpoint>& checkpoints) {
    std::vector<FileIdentity> files;
    for (const auto& checkpoint : checkpoints) files.push_back(checkpoint.file);
    return files;
}

TEST_F(DiscoveryTest, AMissingFileIsToldOnceAndForgottenAfterItsRetention) {
    make("a.log");
    const auto missing = checkpoint_of({.inode = 1});
    follow("p", {"*.log"}, {}, {checkpoint_of(identity("a.log")), missing});
    const auto stock = discovery->take_stock("p", 5000, kRetention);
    EXPECT_THAT(files_of(stock.missing), ElementsAre(missing.file));
    EXPECT_EQ(stock.missing.at(0).missing_ms, 5000U);
    EXPECT_THAT(stock.forgotten, IsEmpty());
    EXPECT_THAT(discovery->take_stock("p", 5999, kRetention).missing, IsEmpty()) << "told once";
    EXPECT_THAT(discovery->take_stock("p", 6000, kRetention).forgotten, ElementsAre(missing.file));
    EXPECT_THAT(discovery->take_stock("p", 7000, kRetention).forgotten, IsEmpty());
    EXPECT_THAT(discovery->take_stock("nobody", 5000, kRetention).missing, IsEmpty());
}

TEST_F(DiscoveryTest, AMissingFileIsLostUnlessItWasRotatedAndReadToItsEnd) {
    auto current = checkpoint_of({.inode = 1});
    current.path = current.origin_path = at("a.log");
    auto rotated = checkpoint_of({.inode = 2});
    rotated.origin_path = at("a.log");
    rotated.path = at("a.log.1");
    rotated.seen = rotated.watermark;
    auto unfinished = rotated;
    unfinished.file.inode = 3;
    unfinished.seen = rotated.watermark + 1;
    auto unwanted = checkpoint_of({.inode = 4});
    unwanted.path = unwanted.origin_path = at("a.txt");
    follow("p", {"*.log"}, {}, {current, rotated, unfinished, unwanted});
    const auto stock = discovery->take_stock("p", 5000, kRetention);
    EXPECT_EQ(stock.missing.size(), 4U);
    EXPECT_THAT(files_of(stock.lost), ElementsAre(current.file, unfinished.file));
    EXPECT_THAT(files_of(stock.finished), ElementsAre(rotated.file, unwanted.file));
}

TEST_F(DiscoveryTest, AnInodeThatWasUsedAgainForItsVeryPathIsAnotherFile) {
    make("a.log");
    auto before = checkpoint_of(identity("a.log"));
    before.file.generation += 1;
    before.path = before.origin_path = at("a.log");
    follow("p", {"*.log"}, {}, {before});
    EXPECT_THAT(files_of(discovery->take_stock("p", 5000, kRetention).lost), ElementsAre(before.file));
}

TEST_F(DiscoveryTest, AFileThatIsThereAndNoLongerFollowedIsNotMissing) {
    make("a.txt");
    auto narrowed = checkpoint_of(identity("a.txt"));
    narrowed.path = at("a.txt");
    follow("p", {"*.log"}, {"*.txt"}, {narrowed});
    EXPECT_THAT(discovery->take_stock("p", 5000, kRetention).missing, IsEmpty());
}

// --- what events do not tell
// -------------------------------------------------------------------------------------------

TEST_F(DiscoveryTest, ASweepFindsWhatEventsMissed) {
    make("a.log");
    make("x/c.log");
    follow("p", {"**/*.log"});
    const auto third = identity("x/c.log");
    listener.found.clear();

    // The loop does not run: no event arrives.
    fs::rename(at("a.log"), at("a.log.1"));
    make("a.log");
    make("y/b.log");
    fs::remove(at("x/c.log"));
    discovery->sweep();
    EXPECT_THAT(found(), UnorderedElementsAre("p a.log", "p y/b.log"));
    EXPECT_THAT(moves(), ElementsAre("a.log.1"));
    EXPECT_THAT(listener.gone, ElementsAre(third));
    EXPECT_THAT(listener.sweeps, ElementsAre(Sweep::events_lost)) << "it has every file read for growth";
}

TEST_F(DiscoveryTest, ASweepNoticesThatAFolderIsGone) {
    make("x/y/a.log");
    follow("p", {"**/*.log"});
    const auto file = identity("x/y/a.log");
    fs::remove_all(at("x"));
    discovery->sweep();
    EXPECT_THAT(listener.gone, ElementsAre(file));
}

TEST_F(DiscoveryTest, FindsFilesOfAFolderThatWasRemovedAndMadeAgain) {
    make("x/y/a.log");
    follow("p", {"x/y/*.log"});
    for (std::size_t round = 2; round < 5; ++round) {
        fs::remove_all(at("x"));
        ASSERT_TRUE(until([&] { return listener.gone.size() == round - 1; }));
        make("x/y/a.log");
        ASSERT_TRUE(until([&] { return found().size() == round; })) << round;
    }
}

TEST_F(DiscoveryTest, AFolderThatTookAnothersPlaceUnnoticedIsWatchedAfterASweep) {
    make("x/a.log");
    follow("p", {"x/*.log"});
    fs::remove(at("x/a.log"));
    EXPECT_TRUE(until([&] { return !listener.gone.empty(); }));
    fs::remove(at("x"));  // the listener holds its file open: no event
    make("x/a.log");
    settle();
    discovery->sweep();
    EXPECT_EQ(found().size(), 2U);
    make("x/b.log");
    EXPECT_TRUE(until([&] { return found().size() == 3; }));
}

TEST_F(DiscoveryTest, FollowsAFolderThatIsRenamedWithWhatIsInIt) {
    make("x/y/a.log");
    follow("p", {"**/*.log"});
    const auto file = identity("x/y/a.log");
    settle();
    fs::rename(at("x"), at("z"));
    ASSERT_TRUE(until([&] { return !listener.moves.empty(); }));
    EXPECT_THAT(moves(), ElementsAre("z/y/a.log"));
    EXPECT_THAT(listener.gone, IsEmpty());
    const auto before = listener.changes[file];
    test::append_to(at("z/y/a.log"), "more\n");
    EXPECT_TRUE(until([&] { return listener.changes[file] > before; }));
    make("z/y/b.log");
    EXPECT_TRUE(until([&] { return found().size() == 2; })) << "its sub-folders are watched under their new names";
    EXPECT_EQ(found().back(), "p z/y/b.log");
}

TEST_F(DiscoveryTest, WhatIsNotARegularFileIsPassedOverInSilence) {
    ASSERT_EQ(::mkfifo(at("fifo.log").c_str(), 0600), 0);
    std::filesystem::create_directory(at("folder.log"));
    std::filesystem::create_symlink("/dev/null", at("device.log"));
    make("a.log");
    make("b.log");
    follow("p", {"*.log"});
    EXPECT_THAT(found(), ElementsAre("p a.log", "p b.log"));
    std::filesystem::remove(at("a.log"));
    std::filesystem::create_directory(at("a.log"));
    discovery->sweep();
    EXPECT_THAT(discovery->troubled(), testing::IsEmpty());
    EXPECT_EQ(listener.gone.size(), 1U);
}

// No file can be opened while `full`, as if there were no descriptors left.
struct FullFileSystem : FileSystem {
    explicit FullFileSystem(const bool& is_full) : full(is_full) {}
    base::Result<OpenFile> open(const std::string& path) override {
        if (full) return base::fail("cannot open {}: too many open files", path);
        return FileSystem::open(path);
    }
    const bool& full;
};

TEST_F(DiscoveryTest, WhatOnePipelineFollowsAndCannotBeOpenedForAnotherIsFollowedLater) {
    bool full = false;
    discovery = *Discovery::create(loop, listener, log, std::make_unique<FullFileSystem>(full));
    make("a.log");
    follow("p", {"*.log"});
    full = true;
    follow("q", {"*.log"});
    EXPECT_THAT(found(), ElementsAre("p a.log"));
    full = false;
    discovery->sweep();
    EXPECT_THAT(found(), ElementsAre("p a.log", "q a.log"));
}

// What lies below a folder cannot be seen while `dim`: no permission, no descriptor, a fault of the disk.
struct DimFileSystem : FileSystem {
    DimFileSystem(const bool& is_dim, std::string dim_folder) : dim(is_dim), folder_(std::move(dim_folder)) {}
    bool hides(const std::string& path) const { return dim && path.starts_with(folder_ + "/"); }

    std::optional<FolderId> folder(const std::string& path) override {
        return hides(path) ? std::nullopt : FileSystem::folder(path);
    }
    base::Result<std::vector<ListedName>> list(const std::string& path) override {
        if (dim && path == folder_) return base::fail("cannot list {}: Permission denied", path);
        return FileSystem::list(path);
    }
    std::optional<ListedName> look(const std::string& path) override {
        return hides(path) ? std::nullopt : FileSystem::look(path);
    }
    std::optional<std::string> resolve(const std::string& path) override {
        return hides(path) ? std::nullopt : FileSystem::resolve(path);
    }
    base::Result<void> can_see(const std::string& path) override {
        if (hides(path)) return base::fail("cannot look at {}: Permission denied", path);
        return FileSystem::can_see(path);
    }
    base::Result<OpenFile> open(const std::string& path) override {
        if (hides(path)) return base::fail("cannot open {}: Permission denied", path);
        return FileSystem::open(path);
    }
    const bool& dim;
    std::string folder_;
};

TEST_F(DiscoveryTest, WhatCannotBeSeenIsNotGone) {
    bool dim = false;
    make("x/a.log");
    make("x/y/b.log");
    fs::create_symlink(at("x/a.log"), at("link.log"));
    discovery = *Discovery::create(loop, listener, log, std::make_unique<DimFileSystem>(dim, at("x")));
    follow("p", {"**/*.log"});
    const auto before = listener.found.size();
    ASSERT_EQ(before, 2U) << "the link leads to one of them";
    dim = true;
    discovery->sweep();
    EXPECT_THAT(listener.gone, IsEmpty());
    EXPECT_THAT(discovery->troubled(), testing::Contains(testing::Key(at("x"))));
    make("x/c.log");
    settle();
    EXPECT_THAT(listener.gone, IsEmpty());
    dim = false;
    discovery->sweep();
    EXPECT_THAT(discovery->troubled(), IsEmpty());
    EXPECT_EQ(listener.found.size(), before + 1);
    EXPECT_THAT(listener.gone, IsEmpty());
}

TEST_F(DiscoveryTest, APipelineThatCouldNotLookIsOfferedLaterWhatOthersFollowThere) {
    bool dim = false;
    make("x/a.log");
    make("x/y/b.log");
    discovery = *Discovery::create(loop, listener, log, std::make_unique<DimFileSystem>(dim, at("x")));
    follow("p", {"x/**/*.log"});
    dim = true;
    follow("q", {"x/**/*.log"});
    EXPECT_THAT(found(), ElementsAre("p x/a.log", "p x/y/b.log"));
    dim = false;
    discovery->sweep();
    EXPECT_THAT(found(), UnorderedElementsAre("p x/a.log", "p x/y/b.log", "q x/a.log", "q x/y/b.log"));
}

TEST_F(DiscoveryTest, WhatNobodyWantsAnyMoreTroublesNobody) {
    bool full = true;
    discovery = *Discovery::create(loop, listener, log, std::make_unique<FullFileSystem>(full));
    make("a.log");
    make("b.log");
    follow("p", {"a.log"});
    follow("q", {"b.log"});
    EXPECT_EQ(discovery->troubled().size(), 2U);
    discovery->remove_pipeline("p");
    EXPECT_THAT(discovery->troubled(), ElementsAre(testing::Key(at("b.log"))));
}

TEST_F(DiscoveryTest, AFileThatCannotBeSeenIsNotMissing) {
    bool dim = true;
    make("x/a.log");
    discovery = *Discovery::create(loop, listener, log, std::make_unique<DimFileSystem>(dim, at("x")));
    auto checkpoint = checkpoint_of(identity("x/a.log"));
    checkpoint.path = checkpoint.origin_path = at("x/a.log");
    follow("p", {"**/*.log"}, {}, {checkpoint});
    EXPECT_THAT(discovery->take_stock("p", 5000, kRetention).missing, IsEmpty());
    dim = false;
    discovery->sweep();
    ASSERT_EQ(listener.found.size(), 1U);
    EXPECT_TRUE(listener.found[0].checkpoint);
}

TEST_F(DiscoveryTest, WhoKnowsAFileByTheNameThatItLosesIsToldAnotherOne) {
    make("a.log");
    fs::create_hard_link(at("a.log"), at("b.log"));
    follow("p", {"a.log"});
    follow("q", {"b.log"});
    EXPECT_THAT(found(), ElementsAre("p a.log", "q b.log"));
    fs::remove(at("b.log"));
    EXPECT_TRUE(until([&] { return !listener.moves.empty(); }));
    EXPECT_THAT(moves(), ElementsAre("a.log"));
    EXPECT_THAT(listener.gone, IsEmpty());
}

TEST_F(DiscoveryTest, AFileHasLeftWhenTheLinkToItLeadsNowhere) {
    make("data/1");
    fs::create_directories(at("logs"));
    fs::create_symlink(at("data/1"), at("logs/current.log"));
    follow("p", {"logs/*.log"});
    const auto file = identity("data/1");
    fs::remove(at("data/1"));
    EXPECT_TRUE(until([&] { return !listener.gone.empty(); })) << "without a sweep";
    EXPECT_THAT(listener.gone, ElementsAre(file));
    make("data/1");
    discovery->sweep();
    EXPECT_EQ(found().size(), 2U) << "the next one is found";
}

TEST_F(DiscoveryTest, WhatCannotBeFollowedNowIsFollowedLater) {
    fs::create_directory(at("a.log"));
    fs::create_symlink(at("nowhere"), at("b.log"));
    follow("p", {"*.log"});
    discovery->sweep();
    EXPECT_THAT(found(), IsEmpty());
    fs::remove(at("a.log"));
    make("a.log");
    EXPECT_TRUE(until([&] { return found().size() == 1; }));
    make("nowhere");
    discovery->sweep();
    EXPECT_THAT(found(), ElementsAre("p a.log", "p b.log"));
}

TEST_F(DiscoveryTest, FollowsTheFileBehindASymbolicLinkAndTheNextOneWhenTheLinkTurns) {
    make("data/1");
    make("data/2");
    fs::create_symlink(at("data/1"), at("current.log"));
    follow("p", {"*.log"});
    ASSERT_EQ(listener.found.size(), 1U);
    EXPECT_EQ(listener.found[0].identity, identity("data/1"));

    fs::create_symlink(at("data/2"), at("next"));
    fs::rename(at("next"), at("current.log"));
    ASSERT_TRUE(until([&] { return listener.found.size() == 2; }));
    EXPECT_EQ(listener.found[1].identity, identity("data/2"));
    EXPECT_TRUE(until([&] { return !listener.gone.empty(); }));
    EXPECT_THAT(listener.gone, ElementsAre(identity("data/1")));
}

TEST_F(DiscoveryTest, SaysThatTheFileBehindALinkWasWrittenTo) {
    make("data/1");
    fs::create_directories(at("logs"));
    fs::create_symlink(at("data/1"), at("logs/current.log"));
    follow("p", {"logs/*.log"});
    settle();
    listener.changes.clear();
    test::append_to(at("data/1"), "more\n");
    EXPECT_TRUE(until([&] { return listener.changes[identity("data/1")] > 0; })) << "without a sweep";
    make("data/2");
    fs::create_symlink(at("data/2"), at("logs/next"));
    fs::rename(at("logs/next"), at("logs/current.log"));
    EXPECT_TRUE(until([&] { return found().size() == 2; }));
    settle();
    listener.changes.clear();
    test::append_to(at("data/2"), "more\n");
    EXPECT_TRUE(until([&] { return listener.changes[identity("data/2")] > 0; }));
}

TEST_F(DiscoveryTest, FindsTheFileThatTakesThePlaceOfTheOneBehindALink) {
    make("data/1");
    fs::create_directories(at("logs"));
    fs::create_symlink(at("data/1"), at("logs/current.log"));
    follow("p", {"logs/*.log"});
    fs::rename(at("data/1"), at("data/1.old"));
    make("data/1");
    EXPECT_TRUE(until([&] { return found().size() == 2; })) << "without a sweep";
}

TEST_F(DiscoveryTest, NothingElseInTheFolderBehindALinkIsFollowed) {
    make("data/1");
    fs::create_directories(at("logs"));
    fs::create_symlink(at("data/1"), at("logs/current.log"));
    follow("p", {"logs/*.log"});
    make("data/other.log");
    fs::create_hard_link(at("data/1"), at("data/same.log"));
    settle();
    discovery->sweep();
    settle();
    EXPECT_THAT(found(), ElementsAre("p logs/current.log"));
    fs::remove(at("logs/current.log"));
    EXPECT_TRUE(until([&] { return listener.gone.size() == 1; }));
}

TEST_F(DiscoveryTest, ASweepNoticesThatTheTargetOfALinkWasReplaced) {
    make("data/1");
    fs::create_symlink(at("data/1"), at("current.log"));
    follow("p", {"*.log"});
    fs::remove(at("data/1"));
    make("data/1");
    discovery->sweep();
    ASSERT_EQ(listener.found.size(), 2U);
    EXPECT_EQ(listener.found[1].identity, identity("data/1"));
}

TEST_F(DiscoveryTest, CirclesOfLinksEnd) {
    make("x/a.log");
    fs::create_directory_symlink(folder.path(), at("x/up"));
    follow("p", {"**/*.log"});
    EXPECT_THAT(found(), ElementsAre("p x/a.log"));
    discovery->sweep();
    EXPECT_EQ(found().size(), 1U);
}

TEST_F(DiscoveryTest, ManyFilesAndFoldersAtOnceAreAllFound) {
    follow("p", {"**/*.log"});
    constexpr std::size_t kFiles = 300;
    for (std::size_t i = 0; i < kFiles; ++i)
        make("d" + std::to_string(i % 20) + "/" + std::to_string(i % 7) + "/" + std::to_string(i) + ".log");
    EXPECT_TRUE(until([&] { return listener.found.size() == kFiles; })) << listener.found.size();
}

}  // namespace
}  // namespace agent::discover
