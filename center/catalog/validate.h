// Whether what operators write is good: by the same code that reads it on the hosts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "center/catalog/change.h"

namespace center::catalog {

// A cluster as operators send it: {"brokers": […], "properties": {…}, "delivery": …}. Its body is kept in one form, so
// that the order of members makes no revision.
std::expected<std::string, Refusal> normal_cluster(const std::string& name, const std::string& json);

// The same as the file that agents get: TOML with [clusters.NAME].
std::string cluster_toml(const std::string& name, const std::string& body);

// Every fault of a pipeline's TOML, the ones about clusters included.
std::optional<Refusal> check_pipeline(const State& state, const std::string& name, const std::string& body);

// The cluster that a good pipeline delivers to; "": none.
std::string cluster_of(const State& state, const std::string& pipeline_body);

}  // namespace center::catalog
