#include "agent/app/top_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <fmt/format.h>

#include "agent/admin/columns.h"
#include "agent/admin/status_report.h"
#include "agent/admin/top_screen.h"
#include "agent/app/exit_codes.h"
#include "agent/app/terminal.h"
#include "common/base/units.h"

namespace agent::app {

namespace {

using admin::Emphasis;
using admin::Look;
using std::chrono::milliseconds;

constexpr milliseconds kIntervalMin{100};
constexpr milliseconds kIntervalMax{3'600'000};
constexpr milliseconds kLiveAnswerTimeMax{1'000};  // for so long keys wait
constexpr admin::ScreenSize kNoBounds{.columns = 10'000, .rows = 10'000};

void complain(const std::string& message) {
    fmt::print(stderr, "venus-agent: {}\n", message);
}

base::Result<Look> look_at(const DaemonAddress& daemon, milliseconds timeout) {
    auto status = call_daemon(daemon, {.method = "GET", .target = "/status", .body = {}}, timeout);
    if (!status) return std::unexpected(status.error());
    const auto at = std::chrono::steady_clock::now();
    auto metrics = call_daemon(daemon, {.method = "GET", .target = "/metrics", .body = {}}, timeout);
    if (!metrics) return std::unexpected(metrics.error());
    return Look{.status = std::move(*status), .metrics = std::move(*metrics), .at = at};
}

std::string painted(const admin::ScreenLine& line) {
    if (line.emphasis == Emphasis::heading) return "\x1b[1m" + line.text + "\x1b[0m";
    return line.emphasis == Emphasis::alarm ? "\x1b[31m" + line.text + "\x1b[0m" : line.text;
}

// The whole screen anew, without a moment in which it is empty. The last row is the notice's.
void draw(Terminal& terminal, const std::vector<admin::ScreenLine>& lines, const std::string& notice) {
    std::string text = "\x1b[H";
    for (const auto& line : lines) text += painted(line) + "\x1b[K\r\n";
    text += fmt::format("\x1b[J\x1b[{};1H\x1b[2m{}\x1b[0m\x1b[K", terminal.size().rows, notice);
    terminal.show(text);
}

int show_once(const TopOptions& options, const Look& first, milliseconds interval) {
    std::this_thread::sleep_for(interval);
    const auto second = look_at(options.daemon, kAnswerTimeMax);
    const auto lines = second ? admin::top_screen(first, *second, kNoBounds)
                              : base::Result<std::vector<admin::ScreenLine>>(std::unexpected(second.error()));
    if (!lines) return fail_to_call(options.daemon, lines.error());
    for (const auto& line : *lines) fmt::print("{}\n", line.text);
    return admin::status_exit_code(second->status);
}

// What stands in the first row while the agent does not answer: the rest is as it was when it did.
admin::ScreenLine no_answer(const Look& last, const std::string& why, std::size_t columns) {
    const auto age = std::chrono::round<std::chrono::seconds>(std::chrono::steady_clock::now() - last.at);
    return {.text = admin::cut_end(fmt::format("NO ANSWER for {} s: {}", age.count(), why), columns),
            .emphasis = Emphasis::alarm};
}

// An agent that ends, and starts again, is waited for: whoever watches an upgrade wants to see it.
int show_live(const TopOptions& options, Look first, milliseconds interval) {
    auto terminal = Terminal::open();
    if (!terminal) {
        complain(terminal.error().message);
        return kExitFailure;
    }
    Look before = first;
    Look now = std::move(first);
    const auto notice = fmt::format("every {}  q ends", options.interval);
    std::string trouble;
    for (auto next = now.at + interval;;) {
        auto size = terminal->size();
        --size.rows;
        auto lines = admin::top_screen(before, now, size);
        if (!lines) trouble = lines.error().message;
        if (!lines) lines.emplace();
        if (!trouble.empty() && size.rows > 0) {
            lines->resize(std::max<std::size_t>(lines->size(), 1));
            lines->front() = no_answer(now, trouble, size.columns);
        }
        draw(*terminal, *lines, notice);
        const auto left = std::chrono::ceil<milliseconds>(next - std::chrono::steady_clock::now());
        if (left.count() > 0) {
            if (terminal->wait(left) == Terminal::Wish::end) return kExitOk;
            if (std::chrono::steady_clock::now() < next) continue;
        }
        auto fresh = look_at(options.daemon, kLiveAnswerTimeMax);
        trouble = fresh ? "" : fresh.error().message;
        if (fresh) before = std::exchange(now, std::move(*fresh));
        next = std::chrono::steady_clock::now() + interval;
    }
}

}  // namespace

int show_top(const TopOptions& options) {
    const auto interval = base::parse_duration(options.interval);
    if (!interval || *interval < kIntervalMin || *interval > kIntervalMax) {
        complain(fmt::format("--interval {} is no duration from 100ms to 1h", options.interval));
        return kExitBadConfig;
    }
    auto first = look_at(options.daemon, kAnswerTimeMax);
    if (!first) return fail_to_call(options.daemon, first.error());
    if (options.once) return show_once(options, *first, *interval);
    if (!Terminal::is_there()) {
        complain("top needs a terminal (--once prints one screen)");
        return kExitBadConfig;
    }
    return show_live(options, std::move(*first), *interval);
}

}  // namespace agent::app
