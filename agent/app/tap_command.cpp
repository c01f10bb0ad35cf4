#include "agent/app/tap_command.h"

#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>

#include <fmt/core.h>

#include "agent/app/exit_codes.h"

namespace agent::app {

namespace {

constexpr std::chrono::milliseconds kInterval{200};

}  // namespace

int tap_pipeline(const TapOptions& options) {
    std::uint64_t shown = 0;
    while (true) {
        const auto records =
            call_daemon(options.daemon, {.method = "GET", .target = "/tap/" + options.pipeline, .body = {}});
        if (!records) return fail_to_call(options.daemon, records.error());
        std::string_view left = *records;
        for (auto end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
            fmt::print("{}\n", left.substr(0, end));
            left.remove_prefix(end + 1);
            if (++shown == options.limit) return kExitOk;
        }
        std::fflush(stdout);
        std::this_thread::sleep_for(kInterval);
    }
}

}  // namespace agent::app
