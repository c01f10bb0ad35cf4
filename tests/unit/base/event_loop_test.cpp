#include "common/base/event_loop.h"

#include <memory>

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace base {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPause = 100ms;  // far longer than a look
constexpr auto kPatience = 10s;

class ReadableWatchTest : public testing::Test {
 protected:
    void make_readable() const { ASSERT_EQ(::eventfd_write(event.get(), 1), 0); }
    void empty() const {
        eventfd_t count = 0;
        ASSERT_EQ(::eventfd_read(event.get(), &count), 0);
    }
    void run_until_stopped() {
        Timer patience(loop);
        patience.after(kPatience, [] { FAIL() << "nothing became of it"; });
        loop.run();
    }

    EventLoop loop;
    UniqueFd event{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
};

TEST_F(ReadableWatchTest, CallsWhenThereIsSomething) {
    int calls = 0;
    ReadableWatch watch(loop, event.get(), [&] {
        empty();
        if (++calls == 2) return loop.stop();
        make_readable();
    });
    make_readable();
    run_until_stopped();
    EXPECT_EQ(calls, 2);
}

TEST_F(ReadableWatchTest, LooksAwayForAPauseAndThenSeesWhatCameMeanwhile) {
    int calls = 0;
    Clock::time_point paused_at;
    std::unique_ptr<ReadableWatch> watch;
    watch = std::make_unique<ReadableWatch>(loop, event.get(), [&] {
        empty();
        if (++calls == 2) return loop.stop();
        paused_at = Clock::now();
        watch->pause(kPause);
        make_readable();
        make_readable();
    });
    make_readable();
    run_until_stopped();
    EXPECT_EQ(calls, 2);
    EXPECT_GE(Clock::now() - paused_at, kPause);
}

TEST_F(ReadableWatchTest, PausesFromOutside) {
    const auto begin = Clock::now();
    ReadableWatch watch(loop, event.get(), [&] { loop.stop(); });
    watch.pause(kPause);
    watch.pause(1h);  // looks away already
    make_readable();
    run_until_stopped();
    EXPECT_GE(Clock::now() - begin, kPause);
}

TEST_F(ReadableWatchTest, ResumesAtOnce) {
    ReadableWatch watch(loop, event.get(), [&] { loop.stop(); });
    watch.pause(1h);
    make_readable();
    watch.resume();
    run_until_stopped();
}

TEST_F(ReadableWatchTest, CallsOnceHoweverOftenItLookedAway) {
    int calls = 0;
    std::unique_ptr<ReadableWatch> watch;
    watch = std::make_unique<ReadableWatch>(loop, event.get(), [&] {
        ++calls;
        empty();  // fails where it is called twice for one event
        for (int i = 0; i < 3; ++i) {
            watch->pause(1h);
            watch->resume();
        }
    });
    watch->pause(1h);
    watch->resume();
    int events = 0;
    Timer writer(loop);
    writer.every(10ms, [&] {
        if (calls < events) return;
        if (events == 3) return loop.stop();
        make_readable();
        ++events;
    });
    run_until_stopped();
    EXPECT_EQ(calls, 3);
}

TEST_F(ReadableWatchTest, MayGoFromWithinItsCall) {
    std::unique_ptr<ReadableWatch> watch;
    watch = std::make_unique<ReadableWatch>(loop, event.get(), [&] {
        watch.reset();
        loop.stop();
    });
    make_readable();
    run_until_stopped();
}

TEST_F(ReadableWatchTest, GoesWhileItLooksAway) {
    auto watch = std::make_unique<ReadableWatch>(loop, event.get(), [] { FAIL() << "it is gone"; });
    watch->pause(1ms);
    watch.reset();
    make_readable();
    Timer later(loop);
    later.after(20ms, [&] { loop.stop(); });
    run_until_stopped();
}

}  // namespace
}  // namespace base
