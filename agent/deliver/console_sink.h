#pragma once

#include <memory>

#include "agent/deliver/sink.h"
#include "agent/model/delivery_listener.h"

namespace agent::deliver {

// Records as lines on stdout. A reader that is slow holds the shard up: it is for looking, and for pipes.
class ConsoleSink : public Sink {
 public:
    explicit ConsoleSink(model::DeliveryListener& listener) : listener_(listener) {}

    std::unique_ptr<Route> open_route(const FileContext& file) override;
    void deliver(model::ExtentPtr extent, Route& route) override;
    SinkStatus status() const override;

 private:
    struct ConsoleRoute;

    model::DeliveryListener& listener_;
    std::string trouble_;
};

}  // namespace agent::deliver
