// Delivery latencies out of an agent's metrics.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace agent::admin {

// A histogram of venus_agent_delivery_seconds, of all sinks of a pipeline: upper bounds, rising, the last one infinite,
// and how many were at most that.
struct Latencies {
    std::map<double, double> counts;
};

// By pipeline. What is none of it is passed over.
std::map<std::string, Latencies> read_latencies(std::string_view prometheus_text);

// Of those that came between two looks, as Prometheus' histogram_quantile() has it; none: nothing came.
std::optional<double> quantile_between(const Latencies& before, const Latencies& now, double quantile);

}  // namespace agent::admin
