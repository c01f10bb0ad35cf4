#include "agent/discover/compressed_generation.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/read/reader.h"
#include "tests/unit/support/compress.h"
#include "tests/unit/support/file_size_limit.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::discover {
namespace {

namespace fs = std::filesystem;

using model::Checkpoint;
using model::Fingerprint;
using test::gz;
using test::zst;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t kMiB = 1 << 20;

// Lines that repeat nowhere; others for another `seed`.
std::string lines(std::size_t bytes, std::uint64_t seed = 1) {
    std::string text;
    for (std::uint64_t n = 0; text.size() < bytes; ++n)
        text += std::to_string((n + 1) * seed * 0x9E3779B97F4A7C15ULL) + " of " + std::to_string(seed) + "\n";
    text.resize(bytes - 1);
    return text + "\n";
}

Fingerprint anchor_of(std::string_view bytes) {
    return Fingerprint::of(bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), Fingerprint::kBytesMax)));
}

class CompressedGeneration : public testing::Test {
 protected:
    CompressedGeneration() { fs::create_directory(at("scratch")); }

    std::string at(std::string_view name) const { return folder_.at(name); }

    // Of a file that holds `contents`, of which all below `watermark` were acknowledged.
    Checkpoint checkpoint_of(std::string_view contents, std::size_t watermark) const {
        const auto read = contents.substr(0, watermark);
        return {.watermark = {watermark},
                .seen = {contents.size()},
                .head = Fingerprint::of(read.substr(0, Fingerprint::kBytesMax)),
                .anchor = anchor_of(read),
                .origin_path = at("app.log"),
                .path = at("app.log")};
    }

    base::Result<std::optional<UnpackedGeneration>> look(const Checkpoint& checkpoint) const {
        return unpack_generation(checkpoint, {.scratch_folder = at("scratch")});
    }

    // "none", the path of the compressed file, or the complaint.
    std::string outcome(const Checkpoint& checkpoint) const {
        const auto found = look(checkpoint);
        if (!found) return "error: " + found.error().message;
        return *found ? fs::path((*found)->path).filename().string() : "none";
    }

    void put(std::string_view name, std::string_view bytes, int age_hours = 0) const {
        fs::remove(at(name));  // faster than cutting it to nothing, which is made durable
        test::rewrite(at(name), bytes);
        fs::last_write_time(at(name), fs::file_time_type::clock::now() - std::chrono::hours(age_hours));
    }

    // Confirmed by a reader as the file that the checkpoint remembers, and holding what `contents` has not read of.
    static void expect_rest(UnpackedGeneration unpacked, const Checkpoint& checkpoint, std::string_view contents) {
        struct stat about{};
        ASSERT_EQ(::fstat(unpacked.fd->get(), &about), 0);
        EXPECT_EQ(about.st_nlink, 0U);
        ASSERT_EQ(static_cast<std::size_t>(about.st_size), contents.size());
        const auto rest = contents.substr(checkpoint.watermark.value);
        std::string bytes(rest.size(), '\0');
        ASSERT_EQ(
            ::pread(unpacked.fd->get(), bytes.data(), bytes.size(), static_cast<off_t>(checkpoint.watermark.value)),
            static_cast<ssize_t>(bytes.size()));
        EXPECT_TRUE(bytes == rest);
        EXPECT_EQ(unpacked.unread_bytes, rest.size());
        const read::Reader reader(unpacked.fd, {});
        EXPECT_TRUE(reader.recognises(checkpoint.head, checkpoint.anchor, checkpoint.watermark));
    }

    void expect_found(const Checkpoint& checkpoint, std::string_view contents, const std::string& name) const {
        auto found = look(checkpoint);
        ASSERT_TRUE(found) << found.error().message;
        ASSERT_TRUE(*found);
        EXPECT_EQ((*found)->path, at(name));
        expect_rest(std::move(**found), checkpoint, contents);
    }

    test::TempFolder folder_;
};

TEST_F(CompressedGeneration, IsReadOnAtTheWatermark) {
    const auto contents = lines(10'000);
    for (const std::size_t watermark : {20UL, 1000UL, 1024UL, 1025UL, 1500UL, 2048UL, 5000UL, 9999UL, 10'000UL}) {
        SCOPED_TRACE(watermark);
        put("app.log.1.gz", gz(contents));
        expect_found(checkpoint_of(contents, watermark), contents, "app.log.1.gz");
        fs::remove(at("app.log.1.gz"));
        put("app.log.1.zst", zst(contents));
        expect_found(checkpoint_of(contents, watermark), contents, "app.log.1.zst");
        fs::remove(at("app.log.1.zst"));
    }
    EXPECT_TRUE(fs::is_empty(at("scratch")));
}

TEST_F(CompressedGeneration, TakesNoDiskSpaceForWhatWasRead) {
    const auto contents = lines(6 * kMiB);
    const auto checkpoint = checkpoint_of(contents, 5 * kMiB + 123);
    put("app.log.1.zst", zst(contents));
    auto found = look(checkpoint);
    ASSERT_TRUE(found && *found);
    struct stat about{};
    ASSERT_EQ(::fstat((*found)->fd->get(), &about), 0);
    EXPECT_LT(static_cast<std::size_t>(about.st_blocks) * S_BLKSIZE, kMiB + (64U << 10));
    expect_rest(std::move(**found), checkpoint, contents);
}

TEST_F(CompressedGeneration, OfSeveralMembersIsOneFile) {
    const auto contents = lines(300'000);
    const auto first = std::string_view(contents).substr(0, 100'000);
    const auto second = std::string_view(contents).substr(100'000);
    for (const std::size_t watermark : {50'000UL, 100'000UL, 200'000UL}) {
        SCOPED_TRACE(watermark);
        put("app.log.1.gz", gz(first) + gz(second));
        expect_found(checkpoint_of(contents, watermark), contents, "app.log.1.gz");
        fs::remove(at("app.log.1.gz"));
        put("app.log.1.zst", zst(first) + zst("") + zst(second));
        expect_found(checkpoint_of(contents, watermark), contents, "app.log.1.zst");
        fs::remove(at("app.log.1.zst"));
    }
}

TEST_F(CompressedGeneration, IsFoundUnderTheNamesThatRotationGives) {
    const auto contents = lines(5000);
    const auto checkpoint = checkpoint_of(contents, 3000);
    for (const auto* name : {"app.log.1.gz", "app.log.gz", "app.log-20260101.gz", "app-20260101.log.gz", "app.1.log.gz",
                             "app.log.2026-01-01T10.gz"}) {
        put(name, gz(contents));
        expect_found(checkpoint, contents, name);
        fs::remove(at(name));
    }
    for (const auto* name : {"other.log.1.gz", "old-app.log.1.gz", "app.log.1", "app.log.1.gz.tmp"}) {
        put(name, gz(contents));
        EXPECT_EQ(outcome(checkpoint), "none") << name;
        fs::remove(at(name));
    }
}

TEST_F(CompressedGeneration, IsFoundInTheFoldersOfBothPaths) {
    const auto contents = lines(5000);
    auto checkpoint = checkpoint_of(contents, 3000);
    fs::create_directory(at("old"));
    checkpoint.path = at("old/archive-17");
    for (const auto* name : {"app.log.1.gz", "old/app.log.1.gz", "old/archive-17.gz"}) {
        put(name, gz(contents));
        expect_found(checkpoint, contents, name);
        fs::remove(at(name));
    }
    fs::remove(at("old"));
    put("app.log.1.gz", gz(contents));
    expect_found(checkpoint, contents, "app.log.1.gz");
}

TEST_F(CompressedGeneration, IsToldFromOthersByHeadAnchorAndLength) {
    const auto contents = lines(5000);
    auto other_head = contents;
    other_head[1000] ^= 1;
    auto other_anchor = contents;
    other_anchor[3999] ^= 1;
    put("app.log.1.gz", gz(other_head));
    put("app.log.2.gz", gz(other_anchor));
    put("app.log.3.gz", gz(std::string_view(contents).substr(0, 3999)));
    put("app.log.4.gz", gz(""));
    put("app.log.5.zst", zst(lines(5000, 2)));
    EXPECT_EQ(outcome(checkpoint_of(contents, 4000)), "none");
    put("app.log.6.gz", gz(std::string_view(contents).substr(0, 4000)));
    expect_found(checkpoint_of(contents, 4000), std::string_view(contents).substr(0, 4000), "app.log.6.gz");
}

TEST_F(CompressedGeneration, ThatIsAnotherFileIsReadNoFurtherThanItsHead) {
    auto damaged = gz(lines(2 * kMiB, 2));
    damaged.resize(damaged.size() / 2);
    put("app.log.1.gz", damaged);
    EXPECT_EQ(outcome(checkpoint_of(lines(2 * kMiB), kMiB)), "none");
}

TEST_F(CompressedGeneration, ThatWasWrittenToAfterTheCheckpointGoesBeforeOneThatWasNot) {
    const auto contents = lines(5000);
    const auto other = contents.substr(0, 3000) + lines(2000, 2);
    auto checkpoint = checkpoint_of(contents, 3000);
    const auto now = std::chrono::system_clock::now() - std::chrono::hours(2);
    checkpoint.updated_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    put("app.log.1.gz", gz(contents), 1);
    put("app.log.2.gz", gz(other), 3);
    expect_found(checkpoint, contents, "app.log.1.gz");
    fs::remove(at("app.log.1.gz"));
    expect_found(checkpoint, other, "app.log.2.gz");  // read late: the file was complete by then
    put("app.log.3.gz", gz(contents), 4);
    EXPECT_THAT(outcome(checkpoint), HasSubstr("cannot tell whether"));
}

TEST_F(CompressedGeneration, BehindADamagedOneIsFound) {
    const auto contents = lines(5000);
    put("app.log.1.gz", "garbage", 1);
    put("app.log.2.gz", gz(contents).substr(0, 500), 2);
    put("app.log.3.gz", gz(contents), 3);
    EXPECT_EQ(outcome(checkpoint_of(contents, 3000)), "app.log.3.gz");
}

TEST_F(CompressedGeneration, ThatCannotBeReadIsToldWithEachPath) {
    const auto contents = lines(5000);
    const auto whole = gz(contents);
    put("app.log.1.gz", "garbage", 1);
    put("app.log.2.gz", whole.substr(0, whole.size() - 1), 2);
    EXPECT_EQ(outcome(checkpoint_of(contents, 3000)),
              "error: cannot unpack " + at("app.log.1.gz") + ": it is damaged at byte 0: incorrect header check; " +
                  "cannot unpack " + at("app.log.2.gz") + ": it is cut off: it ends at byte " +
                  std::to_string(whole.size() - 1));
    for (int i = 3; i < 9; ++i) put("app.log." + std::to_string(i) + ".gz", "garbage", i);
    EXPECT_THAT(
        outcome(checkpoint_of(contents, 3000)),
        AllOf(HasSubstr("app.log.3.gz"), testing::EndsWith("; and 5 more"), testing::Not(HasSubstr("app.log.4.gz"))));
}

TEST_F(CompressedGeneration, CutOffAnywhereGivesNoFile) {
    const auto contents = lines(3000);
    const auto checkpoint = checkpoint_of(contents, 2000);
    for (const auto& [name, packed] :
         {std::pair("app.log.1.gz", gz(contents)), std::pair("app.log.1.zst", zst(contents))}) {
        for (std::size_t size = 0; size < packed.size(); ++size) {
            put(name, packed.substr(0, size));
            ASSERT_THAT(outcome(checkpoint), HasSubstr(at(name) + ": it is cut off: it ends at byte ")) << size;
        }
        put(name, packed);
        expect_found(checkpoint, contents, name);
        fs::remove(at(name));
    }
    EXPECT_TRUE(fs::is_empty(at("scratch")));
}

TEST_F(CompressedGeneration, WithAnyByteReplacedIsTheSameFileOrNone) {
    const auto contents = lines(2000);
    const auto checkpoint = checkpoint_of(contents, 1500);
    for (const auto& [name, packed] :
         {std::pair("app.log.1.gz", gz(contents)), std::pair("app.log.1.zst", zst(contents))}) {
        for (std::size_t at_byte = 0; at_byte < packed.size(); ++at_byte) {
            auto damaged = packed;
            damaged[at_byte] = static_cast<char>(~damaged[at_byte]);
            put(name, damaged);
            if (auto found = look(checkpoint); found && *found) expect_rest(std::move(**found), checkpoint, contents);
        }
        fs::remove(at(name));
    }
}

TEST_F(CompressedGeneration, OfAFileOfWhichNothingWasReadIsNotTaken) {
    const auto contents = lines(5000);
    put("app.log.1.gz", gz(contents));
    EXPECT_EQ(outcome(checkpoint_of(contents, 0)), "none");
}

TEST_F(CompressedGeneration, WhoseCheckpointContradictsItselfIsNotTaken) {
    const auto contents = lines(5000);
    put("app.log.1.gz", gz(contents));
    auto checkpoint = checkpoint_of(contents, 3000);
    checkpoint.watermark = {1000};
    EXPECT_EQ(outcome(checkpoint), "none");
}

TEST_F(CompressedGeneration, WithoutAnAnchorIsToldByItsHead) {
    const auto contents = lines(5000);
    put("app.log.1.gz", gz(contents));
    for (const std::size_t watermark : {3000UL, 5000UL}) {
        auto checkpoint = checkpoint_of(contents, watermark);
        checkpoint.anchor = {};  // its watermark was set by hand
        expect_found(checkpoint, contents, "app.log.1.gz");
    }
}

TEST_F(CompressedGeneration, ThatBeginsWithABannerIsTakenOnlyIfItIsTheOnlyOne) {
    for (const auto& banner : {std::string("=== started ===\n"), lines(1500, 7)}) {
        const auto contents = banner + lines(5000);
        const auto checkpoint = checkpoint_of(contents, banner.size());
        put("app.log.2.gz", gz(contents), 2);
        fs::create_hard_link(at("app.log.2.gz"), at("app.log.3.gz"));
        expect_found(checkpoint, contents, outcome(checkpoint));
        put("app.log.1.gz", gz(banner + lines(5000, 2)), 1);
        EXPECT_THAT(outcome(checkpoint),
                    AllOf(HasSubstr("error: cannot tell whether " + at("app.log.1.gz") + " or " + at("app.log.")),
                          HasSubstr("they begin with the same " + std::to_string(banner.size()) + " bytes")));
        for (const auto* name : {"app.log.1.gz", "app.log.2.gz", "app.log.3.gz"}) fs::remove(at(name));
    }
}

TEST_F(CompressedGeneration, BehindTooManyOthersIsSaidToBePossible) {
    const auto contents = lines(5000);
    const auto packed = gz(lines(100, 2));
    for (std::size_t i = 0; i < kCandidatesMax; ++i) put("app.log." + std::to_string(i) + ".gz", packed, 1);
    EXPECT_EQ(outcome(checkpoint_of(contents, 3000)), "none");
    put("app.log.old.gz", gz(contents), 2);
    EXPECT_THAT(outcome(checkpoint_of(contents, 3000)), HasSubstr("only the newest 1024 were tried"));
    put("app.log.old.gz", gz(contents), 0);
    EXPECT_EQ(outcome(checkpoint_of(contents, 3000)), "app.log.old.gz");
}

TEST_F(CompressedGeneration, BeyondTheLimitIsAnError) {
    const auto contents = lines(5000);
    put("app.log.1.gz", gz(contents));
    const auto checkpoint = checkpoint_of(contents, 3000);
    UnpackOptions options{.scratch_folder = at("scratch"), .bytes_max = 2000};
    EXPECT_TRUE(unpack_generation(checkpoint, options));
    options.bytes_max = 1999;
    const auto found = unpack_generation(checkpoint, options);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message, "cannot unpack " + at("app.log.1.gz") + ": more than 2.0 KiB of it were not read");
}

TEST_F(CompressedGeneration, ThatIsToStopIsAnError) {
    const auto contents = lines(5000);
    put("app.log.1.gz", gz(contents));
    std::stop_source stop;
    stop.request_stop();
    const auto found =
        unpack_generation(checkpoint_of(contents, 3000), {.scratch_folder = at("scratch"), .stop = stop.get_token()});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message, "cannot unpack " + at("app.log.1.gz") + ": stopped");
}

TEST_F(CompressedGeneration, WithoutAScratchFolderOrRoomInItIsAnError) {
    const auto contents = lines(300'000);
    put("app.log.1.gz", gz(contents));
    const auto checkpoint = checkpoint_of(contents, 3000);
    {
        const test::FileSizeLimit limit(200'000);
        EXPECT_THAT(
            outcome(checkpoint),
            AllOf(HasSubstr("error: cannot unpack " + at("app.log.1.gz") + ": cannot write"), HasSubstr("(EFBIG)")));
    }
    EXPECT_EQ(outcome(checkpoint), "app.log.1.gz");
    fs::remove(at("scratch"));
    EXPECT_EQ(outcome(checkpoint), "error: cannot unpack " + at("app.log.1.gz") + ": cannot make a file in " +
                                       at("scratch") + ": No such file or directory (ENOENT)");
}

TEST_F(CompressedGeneration, WhoseFoldersAreGoneIsNone) {
    auto checkpoint = checkpoint_of(lines(5000), 3000);
    checkpoint.path = at("gone/app.log");
    checkpoint.origin_path = at("gone, too/app.log");
    EXPECT_EQ(outcome(checkpoint), "none");
}

TEST_F(CompressedGeneration, BehindAFolderThatCannotBeListedIsAnError) {
    auto checkpoint = checkpoint_of(lines(5000), 3000);
    test::rewrite(at("file"), "");
    checkpoint.path = at("file/app.log");
    EXPECT_EQ(outcome(checkpoint), "error: cannot list " + at("file") + ": Not a directory (ENOTDIR)");
}

}  // namespace
}  // namespace agent::discover
