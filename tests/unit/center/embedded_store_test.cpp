#include "center/store/embedded_store.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/support/run_loop.h"
#include "tests/unit/support/temp_folder.h"

namespace center::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EmbeddedStore : public testing::Test {
 protected:
    // "" or why it could not be opened.
    std::string open() {
        store_.reset();
        auto opened = open_embedded_store(loop_, folder_.path());
        if (!opened) return opened.error().message;
        store_ = std::move(*opened);
        return "";
    }

    Revision write(Batch batch) {
        std::optional<base::Result<Revision>> written;
        store_->write(std::move(batch), [&](base::Result<Revision> result) { written = std::move(result); });
        EXPECT_TRUE(test::run_until(loop_, [&] { return written.has_value(); }, std::chrono::seconds(10)));
        EXPECT_TRUE(written && *written);
        return written && *written ? **written : 0;
    }

    std::vector<std::string> keys(Range range) {
        std::optional<base::Result<std::vector<Entry>>> read;
        store_->read(std::move(range), [&](auto result) { read = std::move(result); });
        EXPECT_TRUE(test::run_until(loop_, [&] { return read.has_value(); }, std::chrono::seconds(10)));
        std::vector<std::string> found;
        for (const auto& entry : **read) found.push_back(entry.key);
        return found;
    }

    std::map<std::string, std::string> all() {
        std::map<std::string, std::string> found;
        EXPECT_TRUE(store_->load("", [&](std::string_view key, std::string_view value) -> base::Result<void> {
            if (!key.starts_with("meta/")) found.emplace(key, value);
            return {};
        }));
        return found;
    }

    test::TempFolder folder_;
    base::EventLoop loop_;
    std::unique_ptr<Store> store_;
};

TEST_F(EmbeddedStore, KeepsWhatWasWrittenOverARestart) {
    ASSERT_EQ(open(), "");
    const auto first = write({{"a", "1"}, {"b", "2"}});
    const auto second = write({{"a", std::nullopt}, {"c", "3"}});
    EXPECT_GT(second, first);
    EXPECT_EQ(store_->revision(), second);
    ASSERT_EQ(open(), "");
    EXPECT_EQ(store_->revision(), second);
    EXPECT_EQ(all(), (std::map<std::string, std::string>{{"b", "2"}, {"c", "3"}}));
    EXPECT_GT(write({{"d", "4"}}), second);
}

TEST_F(EmbeddedStore, RevisionsAreAheadOfAnyThatAnOlderCopyHas) {
    ASSERT_EQ(open(), "");
    const auto now = std::chrono::system_clock::now().time_since_epoch() / std::chrono::milliseconds(1);
    EXPECT_GE(write({{"a", "1"}}), static_cast<Revision>(now));
}

TEST_F(EmbeddedStore, ManyWritesAreAnsweredInTheirOrder) {
    ASSERT_EQ(open(), "");
    std::vector<Revision> seen;
    for (int i = 0; i < 500; ++i)
        store_->write({{"k" + std::to_string(i), "v"}}, [&](base::Result<Revision> r) { seen.push_back(r.value()); });
    ASSERT_TRUE(test::run_until(loop_, [&] { return seen.size() == 500; }, std::chrono::seconds(20)));
    EXPECT_TRUE(std::ranges::adjacent_find(seen, std::ranges::greater_equal{}) == seen.end());
    EXPECT_EQ(all().size(), 500U);
}

TEST_F(EmbeddedStore, WritesThatNobodyAwaitsAnyMoreAreFinished) {
    ASSERT_EQ(open(), "");
    bool told = false;
    for (int i = 0; i < 50; ++i) store_->write({{"k" + std::to_string(i), "v"}}, [&](auto) { told = true; });
    ASSERT_EQ(open(), "");
    test::poll(loop_);
    EXPECT_FALSE(told);
    EXPECT_EQ(all().size(), 50U);
}

TEST_F(EmbeddedStore, ReadersCanWaitForARevision) {
    ASSERT_EQ(open(), "");
    const auto first = write({{"a", "1"}});
    bool at_first = false;
    bool at_next = false;
    store_->when_at(first, [&] { at_first = true; });
    EXPECT_TRUE(at_first);
    store_->when_at(first + 1, [&] { at_next = true; });
    EXPECT_FALSE(at_next);
    write({{"b", "1"}});
    EXPECT_TRUE(test::run_until(loop_, [&] { return at_next; }, std::chrono::seconds(5)));
}

TEST_F(EmbeddedStore, ReadsRangesInBothDirectionsPageByPage) {
    ASSERT_EQ(open(), "");
    write({{"a/1", ""}, {"a/2", ""}, {"a/3", ""}, {"b/1", ""}});
    EXPECT_THAT(keys({.prefix = "a/"}), ElementsAre("a/1", "a/2", "a/3"));
    EXPECT_THAT(keys({.prefix = "a/", .count_max = 2}), ElementsAre("a/1", "a/2"));
    EXPECT_THAT(keys({.prefix = "a/", .after = "a/2"}), ElementsAre("a/3"));
    EXPECT_THAT(keys({.prefix = "a/", .order = Order::descending}), ElementsAre("a/3", "a/2", "a/1"));
    EXPECT_THAT(keys({.prefix = "a/", .after = "a/3", .order = Order::descending}), ElementsAre("a/2", "a/1"));
    EXPECT_THAT(keys({.prefix = "b/", .order = Order::descending}), ElementsAre("b/1"));
}

TEST_F(EmbeddedStore, IsForOneProcess) {
    ASSERT_EQ(open(), "");
    const auto second = open_embedded_store(loop_, folder_.path());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another venus-center is using it"));
}

// Every file of it cut off and with flipped bytes: it opens with all or less, or says that it is damaged. It never
// comes up with something that was not written.
TEST_F(EmbeddedStore, DamagedItIsReadOrRefused) {
    ASSERT_EQ(open(), "");
    std::map<std::string, std::string> written;
    for (int i = 0; i < 40; ++i) written["k" + std::to_string(i)] = std::string(100, static_cast<char>('a' + i % 26));
    for (const auto& [key, value] : written) write({{key, value}});
    store_.reset();
    const test::TempFolder copy;
    const auto store = folder_.path() / "store";
    std::filesystem::copy(store, copy.path() / "store", std::filesystem::copy_options::recursive);
    for (const auto& file : std::filesystem::directory_iterator(copy.path() / "store")) {
        const auto size = std::filesystem::file_size(file.path());
        if (size == 0 || file.path().filename() == "LOG") continue;
        for (int kind = 0; kind < 6; ++kind) {
            std::filesystem::remove_all(store);
            std::filesystem::copy(copy.path() / "store", store, std::filesystem::copy_options::recursive);
            const auto victim = store / file.path().filename();
            if (kind < 3) {
                std::filesystem::resize_file(victim, size * static_cast<unsigned>(kind) / 3);
            } else {
                std::fstream bytes(victim, std::ios::binary | std::ios::in | std::ios::out);
                bytes.seekp(static_cast<std::streamoff>(size * static_cast<unsigned>(kind - 3) / 3));
                bytes.put('\x5A');
            }
            if (const auto why = open(); !why.empty()) {
                EXPECT_THAT(why, HasSubstr("restore the data folder from a copy"));
                continue;
            }
            for (const auto& [key, value] : all()) EXPECT_EQ(value, written[key]) << victim;
        }
    }
}

// As a crash leaves it: the log of what was written is there, and nothing but its end may be torn.
TEST_F(EmbeddedStore, OfALogOnlyTheEndMayBeTorn) {
    ASSERT_EQ(open(), "");
    for (int i = 0; i < 40; ++i) write({{"k" + std::to_string(i), std::string(100, 'a')}});
    const test::TempFolder crashed;
    std::filesystem::copy(folder_.path() / "store", crashed.path() / "store", std::filesystem::copy_options::recursive);
    store_.reset();
    const auto store = folder_.path() / "store";
    const auto restore = [&] {
        store_.reset();
        std::filesystem::remove_all(store);
        std::filesystem::copy(crashed.path() / "store", store, std::filesystem::copy_options::recursive);
        for (const auto& file : std::filesystem::directory_iterator(store))
            if (file.path().extension() == ".log" && file.file_size() > 0) return file.path();
        ADD_FAILURE() << "there is no log";
        return store;
    };
    const auto size = std::filesystem::file_size(restore());
    ASSERT_GT(size, 4000U);
    ASSERT_EQ(open(), "");
    EXPECT_EQ(all().size(), 40U);
    for (const auto cut : {size / 2, size - 1}) {
        std::filesystem::resize_file(restore(), cut);
        ASSERT_EQ(open(), "");
        EXPECT_LT(all().size(), 40U);
    }
    for (const auto from : {std::uintmax_t{30}, size / 3, size / 2}) {
        const auto log = restore();
        const auto at = test::contents_of(log).find("aaaaaaaa", from);  // in a value: a length looks like an end
        std::fstream bytes(log, std::ios::binary | std::ios::in | std::ios::out);
        bytes.seekp(static_cast<std::streamoff>(at));
        bytes.put('\x5A');
        bytes.close();
        EXPECT_THAT(open(), HasSubstr("restore the data folder from a copy")) << at;
    }
}

TEST_F(EmbeddedStore, AfterACleanEndNoLogIsNeeded) {
    ASSERT_EQ(open(), "");
    write({{"a", "1"}});
    store_.reset();
    for (const auto& file : std::filesystem::directory_iterator(folder_.path() / "store"))
        if (file.path().extension() == ".log") std::filesystem::remove(file.path());
    ASSERT_EQ(open(), "");
    EXPECT_EQ(all().size(), 1U);
}

}  // namespace
}  // namespace center::store
