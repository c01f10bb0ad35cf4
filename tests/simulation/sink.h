// A sink that does what the history says.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/deliver/sink.h"
#include "agent/model/delivery_listener.h"
#include "common/config/config.h"
#include "tests/simulation/model.h"

namespace simulation {

namespace deliver = agent::deliver;

enum class Fate : std::uint8_t {
    acked,
    ack_lost,  // all of it arrived, and nobody says so
    partly,    // half of it arrived
    failed,
    rejected,  // with the batch that it was in
};

// How the cluster is; of all pipelines.
struct Cluster {
    bool open = true;      // takes records
    bool batches = false;  // and says so after each batch
    bool at_once = false;  // the final word comes within deliver()
    std::size_t in_flight_bytes = 0;
    std::vector<class Sink*> sinks;  // that there are
};

// Holds every extent until its fate is known. Extents with a poisoned line are rejected, unless it is tolerant.
class Sink : public deliver::Sink {
 public:
    Sink(const config::PipelineConfig& config, Cluster& cluster, Model& model, model::DeliveryListener& listener)
        : config_(config), cluster_(cluster), model_(model), listener_(listener) {
        cluster_.sinks.push_back(this);
    }
    ~Sink() override { std::erase(cluster_.sinks, this); }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    std::unique_ptr<deliver::Route> open_route(const deliver::FileContext& file) override;
    void deliver(model::ExtentPtr extent, deliver::Route& route) override;
    deliver::SinkStatus status() const override { return {.type = "simulated", .target = "test"}; }

    const config::PipelineConfig& config() const { return config_; }
    std::size_t held() const { return held_.size(); }
    void finish(std::size_t index, Fate fate);
    void cluster_opened() { listener_.sink_ready(); }
    void tolerate() { tolerant_ = true; }  // it takes poisoned lines from now on

 private:
    struct Gate;
    struct Held {
        model::ExtentPtr extent;
        Gate* route;
    };

    void reject(Held held);
    void tell(Held held);

    config::PipelineConfig config_;
    Cluster& cluster_;
    Model& model_;
    model::DeliveryListener& listener_;
    std::vector<Held> held_;
    bool tolerant_ = false;
};

}  // namespace simulation
