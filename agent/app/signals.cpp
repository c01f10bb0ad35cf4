#include "agent/app/signals.h"

#include <csignal>
#include <utility>

#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/assert.h"

namespace agent::app {

Signals::Signals(base::EventLoop& loop, std::function<void(int signal)> seen) {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    (void)std::signal(SIGPIPE, SIG_IGN);  // a write says so itself
    fd_.reset(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
    AGENT_ASSERT(fd_);
    watch_ = std::make_unique<base::ReadableWatch>(loop, fd_.get(), [fd = fd_.get(), seen = std::move(seen)] {
        signalfd_siginfo info{};
        while (::read(fd, &info, sizeof(info)) == sizeof(info)) seen(static_cast<int>(info.ssi_signo));
    });
}

}  // namespace agent::app
