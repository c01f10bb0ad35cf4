// One thread's loop over Boost.Asio, without Asio's headers.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): as Boost declares it
}

namespace base {

class ManualClock;

using Task = std::move_only_function<void()>;

// What a thread runs: facts posted to it by others, timers and descriptors that became readable.
//
// Life: run() until stop(). Thread: post() and stop() from any; everything else from the thread that runs it (or
// before it runs).
class EventLoop {
 public:
    // On a manual clock nobody runs it: it is polled.
    explicit EventLoop(ManualClock* clock = nullptr);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    void run();   // returns after stop()
    void stop();  // tasks not yet run are destroyed with the loop
    void post(Task task);
    bool poll_one();  // runs one thing that there is to do now; false: there is none

    std::chrono::steady_clock::time_point now() const;
    bool is_manual() const;

    boost::asio::io_context& io();  // for common/net, which speaks Asio itself

 private:
    friend class Timer;
    struct State;
    std::unique_ptr<State> state_;
};

// Calls back on the loop's thread; armed anew, it forgets what it was armed for. Destroyed, it is silent.
class Timer {
 public:
    explicit Timer(EventLoop& loop);
    ~Timer();
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;

    void after(std::chrono::steady_clock::duration delay, Task task);
    void every(std::chrono::steady_clock::duration interval, std::function<void()> tick);
    void cancel();

 private:
    struct State;
    std::shared_ptr<State> state_;
};

// Calls `ready` each time the descriptor is readable; level-triggered. Does not own the descriptor, which must outlive
// it.
class ReadableWatch {
 public:
    ReadableWatch(EventLoop& loop, int fd, std::function<void()> ready);
    ~ReadableWatch();
    ReadableWatch(const ReadableWatch&) = delete;
    ReadableWatch& operator=(const ReadableWatch&) = delete;

    // Looks away for `pause`, so that what arrives meanwhile is handled at once: fewer wake-ups under load. A watch
    // that looks away already keeps to its time.
    void pause(std::chrono::steady_clock::duration pause);
    void resume();

 private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace base
