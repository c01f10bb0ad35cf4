#include "agent/deliver/console_sink.h"

#include <utility>

#include <unistd.h>

#include "agent/deliver/line_writer.h"

namespace agent::deliver {

struct ConsoleSink::ConsoleRoute : Route {
    bool ready() override { return true; }
};

std::unique_ptr<Route> ConsoleSink::open_route(const FileContext& /*file*/) {
    return std::make_unique<ConsoleRoute>();
}

void ConsoleSink::deliver(model::ExtentPtr extent, Route& /*route*/) {
    if (auto written = write_all(STDOUT_FILENO, join_lines(extent->records)); written)
        trouble_.clear();
    else
        trouble_ = extent->failure = "cannot write to stdout: " + written.error().message;
    extent->unfinished = 0;
    listener_.extent_finished(std::move(extent));
}

SinkStatus ConsoleSink::status() const {
    return {.type = "console", .target = "stdout", .healthy = trouble_.empty(), .trouble = trouble_};
}

}  // namespace agent::deliver
