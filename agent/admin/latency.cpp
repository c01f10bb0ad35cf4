#include "agent/admin/latency.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace agent::admin {

namespace {

constexpr std::string_view kSeries = "venus_agent_delivery_seconds_bucket{";

// Of `pipeline="nginx",le="0.5"`; names of pipelines and bounds have nothing that is escaped.
std::string_view label_of(std::string_view labels, std::string_view name) {
    const auto at = labels.find(std::string(name) + "=\"");
    if (at == std::string_view::npos) return {};
    labels.remove_prefix(at + name.size() + 2);
    return labels.substr(0, labels.find('"'));
}

std::optional<double> number_in(std::string_view text) {
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

void read_line(std::string_view line, std::map<std::string, Latencies>& out) {
    const auto close = line.find("} ");
    if (!line.starts_with(kSeries) || close == std::string_view::npos) return;
    const auto labels = line.substr(kSeries.size(), close - kSeries.size());
    const auto bound = number_in(label_of(labels, "le"));
    const auto count = number_in(line.substr(close + 2));
    if (bound && count) out[std::string(label_of(labels, "pipeline"))].counts[*bound] += *count;
}

}  // namespace

std::map<std::string, Latencies> read_latencies(std::string_view prometheus_text) {
    std::map<std::string, Latencies> all;
    while (!prometheus_text.empty()) {
        const auto end = std::min(prometheus_text.find('\n'), prometheus_text.size());
        read_line(prometheus_text.substr(0, end), all);
        prometheus_text.remove_prefix(std::min(end + 1, prometheus_text.size()));
    }
    return all;
}

std::optional<double> quantile_between(const Latencies& before, const Latencies& now, double quantile) {
    const auto came = [&before](double bound, double count) {
        const auto found = before.counts.find(bound);
        return found == before.counts.end() ? count : count - found->second;
    };
    if (now.counts.empty()) return std::nullopt;
    const auto all = came(now.counts.rbegin()->first, now.counts.rbegin()->second);
    if (all <= 0) return std::nullopt;
    const double wanted = quantile * all;
    double below = 0;
    double below_bound = 0;
    for (const auto& [bound, count] : now.counts) {
        const auto here = came(bound, count);
        if (here >= wanted && here > below)
            return std::isinf(bound) ? below_bound
                                     : below_bound + (bound - below_bound) * (wanted - below) / (here - below);
        below = here;
        below_bound = bound;
    }
    return below_bound;
}

}  // namespace agent::admin
