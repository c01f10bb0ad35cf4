#include "agent/deliver/file_sink.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "agent/deliver/blackhole_sink.h"
#include "agent/split/splitter.h"
#include "tests/unit/support/file_size_limit.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::deliver {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Listener : model::DeliveryListener {
    void extent_finished(model::ExtentPtr extent) override { finished.push_back(std::move(extent)); }
    void sink_ready() override {}
    std::vector<model::ExtentPtr> finished;
};

model::ExtentPtr extent_of(std::string_view bytes) {
    auto extent = std::make_unique<model::Extent>();
    extent->buffer = model::Buffer::of(bytes.size());
    std::ranges::copy(bytes, extent->buffer.bytes.get());
    extent->bytes = {extent->buffer.bytes.get(), bytes.size()};
    split::split_lines(*extent, {});
    return extent;
}

class FileSinkTest : public testing::Test {
 protected:
    void make_sink(const std::string& path) {
        config::SinkConfig config;
        config.type = config::SinkType::file;
        config.path = path;
        sink = std::make_unique<FileSink>(
            config, SinkContext{.labels = {{"env", "test"}}, .host = "h", .pipeline = "p", .session = {}}, listener,
            log);
        route = sink->open_route({.path = "/var/log/app.log", .file_id = "1-2-3"});
    }
    // The failure that the extent came back with.
    std::string deliver(std::string_view bytes) {
        const auto before = listener.finished.size();
        sink->deliver(extent_of(bytes), *route);
        EXPECT_EQ(listener.finished.size(), before + 1) << "it comes back exactly once";
        EXPECT_EQ(listener.finished.back()->unfinished, 0U);
        return listener.finished.back()->failure;
    }

    test::TempFolder folder;
    telemetry::Log log{{.level = config::LogLevel::warn, .format = config::LogFormat::text}};
    Listener listener;
    std::unique_ptr<FileSink> sink;
    std::unique_ptr<Route> route;
};

TEST_F(FileSinkTest, AppendsRecordsAsLinesToTheFileThatTheTemplateNames) {
    make_sink(folder.at("{labels.env}/{pipeline}-{path.stem}.out"));
    EXPECT_TRUE(route->ready());
    EXPECT_EQ(deliver("one\r\ntwo\n"), "");
    EXPECT_EQ(deliver("three\n"), "");
    EXPECT_EQ(test::contents_of(folder.at("test/p-app.out")), "one\ntwo\nthree\n");
    EXPECT_TRUE(sink->status().healthy);
    EXPECT_EQ(sink->status().type, "file");
}

TEST_F(FileSinkTest, AFileThatWasRotatedAwayIsMadeAnew) {
    make_sink(folder.at("out"));
    deliver("one\n");
    fs::rename(folder.at("out"), folder.at("out.1"));
    deliver("two\n");
    EXPECT_EQ(test::contents_of(folder.at("out")), "two\n");
}

TEST_F(FileSinkTest, APathThatCannotBeWrittenFailsTheExtentAndRecoversByItself) {
    test::rewrite(folder.at("spool"), "a file where a folder has to be");
    make_sink(folder.at("spool/out"));
    testing::internal::CaptureStderr();
    EXPECT_THAT(deliver("one\n"), HasSubstr("cannot open " + folder.at("spool/out") + ": Not a directory"));
    EXPECT_NE(deliver("one\n"), "");
    EXPECT_FALSE(sink->status().healthy);
    EXPECT_THAT(sink->status().trouble, HasSubstr("Not a directory"));
    fs::remove(folder.at("spool"));
    EXPECT_EQ(deliver("one\n"), "");
    EXPECT_TRUE(sink->status().healthy);
    EXPECT_EQ(test::contents_of(folder.at("spool/out")), "one\n");
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(said.find("cannot write"), said.rfind("cannot write")) << "said once";
}

TEST_F(FileSinkTest, AFullDiskFailsTheExtent) {
    make_sink("/dev/full");
    EXPECT_THAT(deliver("one\n"), HasSubstr("ENOSPC"));
}

TEST_F(FileSinkTest, AWriteThatFailsHalfwayLeavesNothingOfItBehind) {
    make_sink(folder.at("out"));
    ASSERT_EQ(deliver("before\n"), "");
    {
        const test::FileSizeLimit limit(100);
        EXPECT_THAT(deliver(std::string(60, 'x') + "\n" + std::string(60, 'y') + "\n"), HasSubstr("EFBIG"));
    }
    EXPECT_EQ(test::contents_of(folder.at("out")), "before\n");
    EXPECT_EQ(deliver("after\n"), "");
    EXPECT_EQ(test::contents_of(folder.at("out")), "before\nafter\n");
}

TEST(BlackholeSink, TakesEverything) {
    Listener listener;
    BlackholeSink sink(listener);
    const auto route = sink.open_route({});
    EXPECT_TRUE(route->ready());
    sink.deliver(extent_of("one\n"), *route);
    ASSERT_EQ(listener.finished.size(), 1U);
    EXPECT_EQ(listener.finished[0]->failure, "");
    EXPECT_TRUE(sink.status().healthy);
}

}  // namespace
}  // namespace agent::deliver
