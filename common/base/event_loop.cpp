#include "common/base/event_loop.h"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <poll.h>

#include "common/base/manual_clock.h"

namespace base {

namespace asio = boost::asio;

struct EventLoop::State {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    ManualClock* clock = nullptr;
};

EventLoop::EventLoop(ManualClock* clock) : state_(std::make_unique<State>()) {
    state_->clock = clock;
    if (clock) clock->add(*this);
}

EventLoop::~EventLoop() {
    if (state_->clock) state_->clock->forget(*this);
}

void EventLoop::run() {
    state_->io.run();
}

void EventLoop::stop() {
    state_->io.stop();
}

void EventLoop::post(Task task) {
    asio::post(state_->io, [task = std::move(task)]() mutable { task(); });
}

bool EventLoop::poll_one() {
    return state_->io.poll_one() > 0;
}

std::chrono::steady_clock::time_point EventLoop::now() const {
    return state_->clock ? state_->clock->now() : std::chrono::steady_clock::now();
}

bool EventLoop::is_manual() const {
    return state_->clock != nullptr;
}

asio::io_context& EventLoop::io() {
    return state_->io;
}

// The handler holds the state weakly, so that a timer destroyed between expiry and call stays silent.
struct Timer::State : std::enable_shared_from_this<State> {
    State(EventLoop& l, ManualClock* c) : loop(l), clock(c), timer(l.io()) {}

    void arm(std::chrono::steady_clock::duration delay) {
        auto call = [weak = weak_from_this(), armed = ++generation](const boost::system::error_code& error) {
            auto self = weak.lock();
            if (error || !self || self->generation != armed) return;
            self->fire();
        };
        if (clock) return clock->call_at(clock->now() + delay, loop, [call = std::move(call)] { call({}); });
        timer.expires_after(delay);
        timer.async_wait(std::move(call));
    }

    void fire() {
        if (tick) {
            arm(interval);
            auto keep = tick;
            keep();
        } else {
            auto once = std::move(task);
            once();
        }
    }

    EventLoop& loop;
    ManualClock* clock;
    asio::steady_timer timer;
    Task task;
    std::function<void()> tick;
    std::chrono::steady_clock::duration interval{};
    std::uint64_t generation = 0;
};

Timer::Timer(EventLoop& loop) : state_(std::make_shared<State>(loop, loop.state_->clock)) {}
Timer::~Timer() {
    if (state_) cancel();
}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&&) noexcept = default;

void Timer::after(std::chrono::steady_clock::duration delay, Task task) {
    state_->tick = nullptr;
    state_->task = std::move(task);
    state_->arm(delay);
}

void Timer::every(std::chrono::steady_clock::duration interval, std::function<void()> tick) {
    state_->tick = std::move(tick);
    state_->interval = interval;
    state_->arm(interval);
}

void Timer::cancel() {
    ++state_->generation;
    state_->timer.cancel();
}

namespace {

bool is_readable(int fd) {
    pollfd about{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&about, 1, 0) > 0;
}

}  // namespace

// Asio leaves a descriptor in its epoll set, edge-triggered, while nobody waits for it: each event would wake the
// thread for nothing. So a watch that looks away takes its descriptor out, and puts it in again once there is nothing
// to do at the end of a pause.
struct ReadableWatch::State : std::enable_shared_from_this<State> {
    State(EventLoop& loop, int fd, std::function<void()> on_ready)
        : watched(fd), descriptor(loop.io()), timer(loop), ready(std::move(on_ready)) {}

    void look() {
        if (!descriptor.is_open()) descriptor.assign(watched);
        if (std::exchange(waiting, true)) return;
        descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                              [weak = weak_from_this()](const boost::system::error_code& error) {
                                  auto self = weak.lock();
                                  if (!self) return;
                                  self->waiting = false;
                                  if (self->away) return;
                                  if (!error) self->ready();
                                  if (!self->away) self->look();
                              });
    }

    void look_away(std::chrono::steady_clock::duration pause) {
        away = true;
        if (descriptor.is_open()) descriptor.release();
        timer.after(pause, [weak = weak_from_this()] {
            auto self = weak.lock();
            if (!self) return;
            self->away = false;
            if (is_readable(self->watched)) self->ready();
            if (!self->away) self->look();
        });
    }

    int watched;
    asio::posix::stream_descriptor descriptor;  // open while it is looked at
    bool waiting = false;                       // a call is due, be it that the wait was given up
    bool away = false;
    Timer timer;
    std::function<void()> ready;
};

ReadableWatch::ReadableWatch(EventLoop& loop, int fd, std::function<void()> ready)
    : state_(std::make_shared<State>(loop, fd, std::move(ready))) {
    state_->look();
}

ReadableWatch::~ReadableWatch() {
    state_->away = true;
    if (state_->descriptor.is_open()) state_->descriptor.release();
    state_->timer.cancel();
}

void ReadableWatch::pause(std::chrono::steady_clock::duration pause) {
    if (!state_->away) state_->look_away(pause);
}

void ReadableWatch::resume() {
    if (!std::exchange(state_->away, false)) return;
    state_->timer.cancel();
    state_->look();
}

}  // namespace base
