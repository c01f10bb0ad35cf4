#pragma once

#include <utility>

#include "agent/deliver/sink.h"
#include "agent/model/delivery_listener.h"

namespace agent::deliver {

// Acknowledges everything and keeps nothing: for measuring what comes before.
class BlackholeSink : public Sink {
 public:
    explicit BlackholeSink(model::DeliveryListener& listener) : listener_(listener) {}

    std::unique_ptr<Route> open_route(const FileContext& /*file*/) override { return std::make_unique<Always>(); }
    void deliver(model::ExtentPtr extent, Route& /*route*/) override {
        extent->unfinished = 0;
        listener_.extent_finished(std::move(extent));
    }
    SinkStatus status() const override { return {.type = "blackhole", .target = "nowhere"}; }

 private:
    struct Always : Route {
        bool ready() override { return true; }
    };
    model::DeliveryListener& listener_;
};

}  // namespace agent::deliver
