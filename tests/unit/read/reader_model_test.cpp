#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/read/followed_file.h"

namespace agent::read {
namespace {

using config::LongLine;

std::string random_bytes(std::mt19937& random, std::size_t size_max) {
    static constexpr std::string_view kAlphabet("abc\0\r\r\n\n", 8);
    std::string bytes;
    const bool lines = random() % 3 != 0;  // else a stretch without any line ending
    for (auto size = random() % size_max; size > 0; --size) {
        const char c = kAlphabet[random() % kAlphabet.size()];
        bytes += lines || c != '\n' ? c : 'x';
    }
    return bytes;
}

// Reads now and then while the file grows, and goes back to where an extent ended: what comes out is what the plain way
// gives for the whole file, wherever the reads ended.
void read_while_it_grows(FollowedFile& file, std::mt19937& random, int steps, std::size_t chunk_max) {
    std::string bytes;
    const auto append = [&](const std::string& more) {
        bytes += more;
        file.append(more);
    };
    for (int step = 0; step < steps; ++step) {
        switch (random() % 6) {
            case 0:
                file.read_all();
                break;
            case 1:
            case 2:
                file.read_once();
                break;
            case 3: {  // a rewind
                if (file.ends.empty()) break;
                file.ends.resize(1 + (random() % file.ends.size()));
                const auto [offset, anchor] = file.ends.back();
                file.reader.seek(offset, anchor);
                std::erase_if(file.records, [&](const auto& record) { return record.begin >= offset.value; });
                break;
            }
            default:
                append(random_bytes(random, chunk_max));
        }
    }
    append("\n");
    ASSERT_EQ(file.read_all(), ReadStatus::at_end);
    ASSERT_EQ(file.reader.offset().value, bytes.size());
    ASSERT_EQ(file.records, test::records_of(bytes, file.limit));
}

TEST(ReaderModel, RecordsDoNotDependOnWhereReadsEndOrHowOftenTheyAreRepeated) {
    for (unsigned seed = 0; seed < 250; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        FollowedFile file({.bytes_max = 1 + (random() % 12), .policy = static_cast<LongLine>(random() % 3)});
        read_while_it_grows(file, random, 40, 60);
        if (testing::Test::HasFatalFailure()) return;
    }
}

TEST(ReaderModel, NeitherForReadsOfManyBuffers) {
    for (unsigned seed = 0; seed < 12; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        constexpr std::size_t kMost[] = {1000, 100'000, kExtentBytesMax, 200'000};
        FollowedFile file({.bytes_max = kMost[random() % 4], .policy = static_cast<LongLine>(random() % 3)});
        read_while_it_grows(file, random, 15, 2 * kExtentBytesMax);
        if (testing::Test::HasFatalFailure()) return;
    }
}

// Whoever truncates or rewrites a file between two reads is noticed, or the reader goes on with the same bytes as
// before.
TEST(ReaderModel, AfterARewriteTheReaderNeverMixesOldAndNew) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        FollowedFile file;
        const auto version = [&](char mark) {
            std::string bytes;
            for (auto lines = 1 + (random() % 200); lines > 0; --lines)
                bytes += mark + std::to_string(random() % 1'000'000) + "\n";
            return bytes;
        };
        file.append(version('a'));
        file.read_all();
        const auto read_before = file.records.size();
        const auto rewritten = version('b');
        test::rewrite(file.path, rewritten);
        ASSERT_EQ(file.read_all(), ReadStatus::truncated);
        ASSERT_EQ(file.records.size(), read_before);
        file.reader.seek({}, {});
        file.records.clear();
        file.read_all();
        ASSERT_EQ(file.records, test::records_of(rewritten, file.limit));
    }
}

}  // namespace
}  // namespace agent::read
