#include "agent/deliver/console_sink.h"

#include <utility>

#include <unistd.h>

#include "agent/deliver/line_writer.h"

namespace agent::deliver {

struct ConsoleSink::ConsoleRoute : Route {
    bool ready() override { return true; }

    FileContext file;
};

ConsoleSink::ConsoleSink(const config::SinkConfig& config, SinkContext context, model::DeliveryListener& listener)
    : encoding_(config.encoding), context_(std::move(context)), listener_(listener) {}

std::unique_ptr<Route> ConsoleSink::open_route(const FileContext& file) {
    auto route = std::make_unique<ConsoleRoute>();
    route->file = file;
    return route;
}

void ConsoleSink::deliver(model::ExtentPtr extent, Route& route) {
    if (encoding_ == config::Encoding::json) encode_json(*extent, context_, static_cast<ConsoleRoute&>(route).file);
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
