#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/deliver/outage.h"
#include "agent/deliver/sink.h"
#include "agent/deliver/sink_context.h"
#include "agent/model/delivery_listener.h"
#include "common/base/unique_fd.h"
#include "common/process/template.h"
#include "common/telemetry/log.h"

namespace agent::deliver {

// Records as lines of files. A record is acknowledged when the kernel has it: it survives the agent, not the host's
// power. A write that fails takes back what it wrote, and the tail rewinds.
//
// Limitation: the file is opened by its path for each extent, so that one that was rotated away is made anew.
class FileSink : public Sink {
 public:
    FileSink(const config::SinkConfig& config, SinkContext context, model::DeliveryListener& listener,
             telemetry::Log& log);

    std::unique_ptr<Route> open_route(const FileContext& file) override;
    void deliver(model::ExtentPtr extent, Route& route) override;
    SinkStatus status() const override;

 private:
    struct FileRoute;

    config::SinkConfig config_;
    SinkContext context_;
    model::DeliveryListener& listener_;
    telemetry::Log& log_;
    process::Template path_;
    Outage failing_;
};

}  // namespace agent::deliver
