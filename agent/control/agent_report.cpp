#include "agent/control/agent_report.h"

#include <numeric>
#include <set>

#include <boost/json.hpp>
#include <fmt/core.h>

namespace agent::control {

namespace {

std::uint64_t unix_ns(std::chrono::system_clock::time_point time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

opamp::ComponentHealth component(const std::string& trouble, std::uint64_t now_ns) {
    return {.healthy = trouble.empty(),
            .last_error = trouble,
            .status = trouble.empty() ? "running" : "degraded",
            .status_time_unix_ns = now_ns};
}

std::string trouble_of(const pipeline::PipelineStatus& pipeline) {
    if (!pipeline.sink.healthy) return pipeline.sink.trouble.empty() ? "its sink is in trouble" : pipeline.sink.trouble;
    if (pipeline.rewinding > 0) return "files wait to be read again because the sink did not take their records";
    return {};
}

// The first one, and how many there are.
std::string show(const std::map<std::string, std::string>& unfollowed) {
    if (unfollowed.empty()) return {};
    const auto& why = unfollowed.begin()->second;
    return unfollowed.size() == 1 ? why : fmt::format("{} (and {} more)", why, unfollowed.size() - 1);
}

}  // namespace

opamp::AgentDescription describe(const AboutAgent& about, const config::AgentConfig& agent) {
    opamp::AgentDescription description{
        .identifying = {{"service.name", "venus-agent"},
                        {"service.instance.id", about.instance_id},
                        {"service.version", about.version}},
        .non_identifying = {{"agent.name", agent.name}, {"host.name", about.host_name}, {"os.type", "linux"}}};
    for (const auto& [key, value] : agent.labels) description.non_identifying["label." + key] = value;
    return description;
}

opamp::ComponentHealth health_of(const AboutAgent& about, const config::Config& effective,
                                 const std::optional<pipeline::ShardStatus>& status, const Trouble& trouble,
                                 std::chrono::system_clock::time_point now) {
    const auto now_ns = unix_ns(now);
    auto root = component("", now_ns);
    root.start_time_unix_ns = unix_ns(about.started_at);
    root.components["control"] = component(trouble.refused.empty() ? "" : "config refused: " + trouble.refused, now_ns);
    root.components["files"] = component(show(trouble.unfollowed), now_ns);
    std::map<std::string, std::string> cluster_of;
    for (const auto& one : effective.pipelines)
        if (one.sink.type == config::SinkType::kafka) cluster_of[one.name] = one.sink.cluster;
    if (status) {
        for (const auto& one : status->pipelines) {
            root.components["pipeline/" + one.name] = component(trouble_of(one), now_ns);
            const auto cluster = cluster_of.find(one.name);
            if (cluster == cluster_of.end()) continue;
            auto& sink = root.components["sink/" + cluster->second];
            if (sink.last_error.empty()) sink = component(one.sink.healthy ? "" : trouble_of(one), now_ns);
        }
    } else {
        root.components["control"] = component("the pipelines do not answer", now_ns);
    }
    for (const auto& [name, why] : trouble.failed) root.components["pipeline/" + name] = component(why, now_ns);
    for (const auto& [name, part] : root.components)
        if (!part.healthy && root.healthy) {
            root.healthy = false;
            root.status = "degraded";
            root.last_error = name + ": " + part.last_error;
        }
    return root;
}

std::string stats_of(const pipeline::ShardStatus& status, std::uint64_t revision) {
    std::uint64_t lag = 0;
    std::uint64_t rejected = 0;
    std::uint64_t failed = 0;
    std::uint64_t lost = 0;
    for (const auto& one : status.pipelines) {
        lag += one.lag_bytes;
        rejected += one.records_rejected;
        failed += one.records_failed;
        lost = std::accumulate(one.books.lost.begin(), one.books.lost.end(), lost);
    }
    return boost::json::serialize(boost::json::object{{"lag_bytes", lag},
                                                      {"records_rejected", rejected},
                                                      {"records_failed", failed},
                                                      {"lost_bytes", lost},
                                                      {"revision", revision}});
}

}  // namespace agent::control
