#include "common/telemetry/metrics.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "common/base/assert.h"

namespace telemetry {

namespace {

std::string escape_help(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

std::string escape_label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"') {
            out += "\\\"";
        } else {
            out += escape_help({&c, 1});
        }
    }
    return out;
}

// `{pipeline="a",le="0.5"}`, or nothing where there are no labels. `bound` is a histogram's, and comes last.
std::string show_labels(const MetricLabels& labels, std::string_view bound = {}) {
    std::string out;
    for (const auto& [name, value] : labels) {
        fmt::format_to(std::back_inserter(out), "{}{}=\"{}\"", out.empty() ? "" : ",", name, escape_label(value));
    }
    if (!bound.empty()) fmt::format_to(std::back_inserter(out), "{}le=\"{}\"", out.empty() ? "" : ",", bound);
    return out.empty() ? out : "{" + out + "}";
}

void append_header(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, escape_help(help), type);
}

template <typename T>
void append_value(std::string& out, std::string_view name, const std::string& labels, T value) {
    fmt::format_to(std::back_inserter(out), "{}{} {}\n", name, labels, value);
}

// The count is what the buckets add up to here, not count(): an observation in between must not tear them apart.
void append_histogram(std::string& out, std::string_view name, const MetricLabels& labels, const Histogram& histogram) {
    const auto bucket_name = fmt::format("{}_bucket", name);
    const double sum = histogram.sum_seconds();
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
        cumulative += histogram.bucket(i);
        append_value(out, bucket_name, show_labels(labels, fmt::format("{}", Histogram::kBounds[i])), cumulative);
    }
    cumulative += histogram.bucket(Histogram::kBounds.size());
    append_value(out, bucket_name, show_labels(labels, "+Inf"), cumulative);
    append_value(out, fmt::format("{}_sum", name), show_labels(labels), sum);
    append_value(out, fmt::format("{}_count", name), show_labels(labels), cumulative);
}

template <typename Metric>
Metric& find_or_create(std::map<MetricLabels, std::unique_ptr<Metric>>& metrics, const MetricLabels& labels) {
    auto& metric = metrics[labels];
    if (!metric) metric = std::make_unique<Metric>();
    return *metric;
}

}  // namespace

void Histogram::observe(double seconds, std::uint64_t count) {
    const double value = seconds > 0 ? seconds : 0;  // a clock that went back, or not a number
    const auto* const bound = std::ranges::lower_bound(kBounds, value);
    buckets_[static_cast<std::size_t>(bound - kBounds.begin())].fetch_add(count, std::memory_order_relaxed);
    sum_us_.fetch_add(static_cast<std::uint64_t>(std::llround(std::min(value, 1e9) * 1e6)) * count,
                      std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
    std::uint64_t total = 0;
    for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
    return total;
}

Counter& Registry::counter(std::string_view name, std::string_view help, const MetricLabels& labels) {
    const std::scoped_lock lock(mutex_);
    auto& found = family(name, help);
    AGENT_ASSERT(found.gauges.empty() && found.histograms.empty());
    return find_or_create(found.counters, labels);
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const MetricLabels& labels) {
    const std::scoped_lock lock(mutex_);
    auto& found = family(name, help);
    AGENT_ASSERT(found.counters.empty() && found.histograms.empty());
    return find_or_create(found.gauges, labels);
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, const MetricLabels& labels) {
    const std::scoped_lock lock(mutex_);
    auto& found = family(name, help);
    AGENT_ASSERT(found.counters.empty() && found.gauges.empty());
    return find_or_create(found.histograms, labels);
}

Registry::Family& Registry::family(std::string_view name, std::string_view help) {
    auto found = families_.find(name);
    if (found == families_.end())
        found = families_.try_emplace(std::string(name), Family{.help = std::string(help)}).first;
    return found->second;
}

std::string Registry::prometheus_text() const {
    const std::scoped_lock lock(mutex_);
    std::string out;
    for (const auto& [name, family] : families_) {
        if (!family.counters.empty()) append_header(out, name, family.help, "counter");
        for (const auto& [labels, counter] : family.counters)
            append_value(out, name, show_labels(labels), counter->value());
        if (!family.gauges.empty()) append_header(out, name, family.help, "gauge");
        for (const auto& [labels, gauge] : family.gauges) append_value(out, name, show_labels(labels), gauge->value());
        if (!family.histograms.empty()) append_header(out, name, family.help, "histogram");
        for (const auto& [labels, histogram] : family.histograms) append_histogram(out, name, labels, *histogram);
    }
    return out;
}

}  // namespace telemetry
