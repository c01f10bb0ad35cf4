#include "agent/deliver/line_writer.h"

#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace agent::deliver {
namespace {

TEST(LineWriter, EveryRecordGetsALineEnding) {
    const std::vector<model::Record> records{
        {.data = "one", .size = 3}, {.data = "", .size = 0}, {.data = "two", .size = 3}};
    EXPECT_EQ(join_lines(records), "one\n\ntwo\n");
    EXPECT_EQ(join_lines({}), "");
}

TEST(LineWriter, WritesEverythingToADescriptorThatTakesALittleAtATime) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const base::UniqueFd reader(ends[0]);
    base::UniqueFd writer(ends[1]);
    ASSERT_EQ(::fcntl(writer.get(), F_SETFL, O_NONBLOCK), 0);
    const std::string bytes(1 << 20, 'x');
    std::string got;
    std::jthread slow([&] {
        std::string part(10'000, '\0');
        for (ssize_t n = ::read(reader.get(), part.data(), part.size()); n > 0;
             n = ::read(reader.get(), part.data(), part.size()))
            got.append(part, 0, static_cast<std::size_t>(n));
    });
    EXPECT_TRUE(write_all(writer.get(), bytes));
    writer.reset();
    slow.join();
    EXPECT_EQ(got, bytes);
}

TEST(LineWriter, SaysWhyItCannotWrite) {
    const base::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    const auto written = write_all(full.get(), "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().message, "No space left on device (ENOSPC)");
    EXPECT_FALSE(write_all(-1, "x"));
    EXPECT_TRUE(write_all(-1, "")) << "nothing to write";
}

}  // namespace
}  // namespace agent::deliver
