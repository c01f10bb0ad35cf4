// Counters, gauges and histograms, and their Prometheus text.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace telemetry {

using MetricLabels = std::map<std::string, std::string>;

// Thread: add and value from any thread; relaxed, a reader may see one counter ahead of another.
class Counter {
 public:
    void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
    std::atomic<std::uint64_t> value_ = 0;
};

class Gauge {
 public:
    void set(std::int64_t v) { value_.store(v, std::memory_order_relaxed); }
    std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
    std::atomic<std::int64_t> value_ = 0;
};

// Seconds, in fixed buckets from 1 ms to 5 min. One thread observes, any thread reads.
class Histogram {
 public:
    static constexpr std::array<double, 16> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                       0.5,   1,      2.5,   5,    10,    30,   60,  300};
    void observe(double seconds, std::uint64_t count = 1);  // `count` observations of the same value
    std::uint64_t bucket(std::size_t i) const { return buckets_[i].load(std::memory_order_relaxed); }
    std::uint64_t count() const;
    double sum_seconds() const { return static_cast<double>(sum_us_.load(std::memory_order_relaxed)) / 1e6; }

 private:
    std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets_{};  // the last one is +Inf's
    std::atomic<std::uint64_t> sum_us_ = 0;
};

// Owns the metrics and gives each a name. Asking for the same name and labels again gives the same metric, so that a
// pipeline that is rebuilt goes on counting. References stay valid for the registry's life.
//
// Thread: any; creation and text take a lock, the metrics themselves do not.
class Registry {
 public:
    // `name` as in the contract ("venus_agent_lines_read_total"); the first call's `help` is kept.
    Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels);
    Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels);
    Histogram& histogram(std::string_view name, std::string_view help, const MetricLabels& labels);

    // Prometheus text exposition format 0.0.4; families sorted by name.
    std::string prometheus_text() const;

 private:
    struct Family {
        std::string help;
        std::map<MetricLabels, std::unique_ptr<Counter>> counters;
        std::map<MetricLabels, std::unique_ptr<Gauge>> gauges;
        std::map<MetricLabels, std::unique_ptr<Histogram>> histograms;
    };
    Family& family(std::string_view name, std::string_view help);

    mutable std::mutex mutex_;
    std::map<std::string, Family, std::less<>> families_;
};

}  // namespace telemetry
