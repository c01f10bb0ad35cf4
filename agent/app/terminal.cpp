#include "agent/app/terminal.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace agent::app {

namespace {

// The other screen, without a cursor, without wrapping; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr char kCtrlC = 3;
constexpr char kCtrlD = 4;

void write_all(std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno != EINTR) return;  // the terminal is gone: a SIGHUP follows
        if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

bool Terminal::is_there() {
    const char* const kind = std::getenv("TERM");
    const bool is_dumb = kind && std::string_view(kind) == "dumb";
    return !is_dumb && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

base::Result<Terminal> Terminal::open() {
    Terminal terminal;
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH}) ::sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    terminal.signals_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!terminal.signals_) return base::fail("cannot wait for signals: {}", base::errno_text(errno));
    if (::tcgetattr(STDIN_FILENO, &terminal.before_) != 0)
        return base::fail("cannot ask the terminal for its settings: {}", base::errno_text(errno));
    auto ours = terminal.before_;
    ours.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO | ISIG));
    if (::tcsetattr(STDIN_FILENO, TCSANOW, &ours) != 0)
        return base::fail("cannot set up the terminal: {}", base::errno_text(errno));
    terminal.is_ours_ = true;
    write_all(kEnter);
    return terminal;
}

Terminal::Terminal(Terminal&& other) noexcept
    : signals_(std::move(other.signals_)), before_(other.before_), is_ours_(std::exchange(other.is_ours_, false)) {}

Terminal::~Terminal() {
    if (!is_ours_) return;
    write_all(kLeave);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

admin::ScreenSize Terminal::size() const {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
    return {.columns = size.ws_col, .rows = size.ws_row};
}

void Terminal::show(const std::string& text) {
    write_all(text);
}

Terminal::Wish Terminal::wait(std::chrono::milliseconds timeout) {
    std::array<pollfd, 2> waited{
        {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}, {.fd = signals_.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(waited.data(), waited.size(), static_cast<int>(timeout.count())) <= 0) return Wish::none;
    signalfd_siginfo signal{};
    while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal)
        if (signal.ssi_signo != SIGWINCH) return Wish::end;
    if (waited[0].revents == 0) return Wish::redraw;
    std::array<char, 64> keys{};
    const auto count = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (count <= 0) return Wish::end;  // nobody is there any more
    for (const char key : std::string_view(keys.data(), static_cast<std::size_t>(count)))
        if (key == 'q' || key == 'Q' || key == kCtrlC || key == kCtrlD) return Wish::end;
    return Wish::redraw;
}

}  // namespace agent::app
