// A swarm of agents in one process, for a center to be measured and tested with. Each is a real one as far as the
// center can see: its own connection, instance uid, session and schedule.
//
//   swarm --url http://127.0.0.1:4320/v1/opamp --agents 10000 --interval 5000 [--token T] [--label k=v]...
//   [--fail-every N]
//
// Prints a JSON line each second, of that second: answers, errors, their time; and how many agents run which config.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <sys/resource.h>

#include "tests/support/swarm/bird.h"

namespace swarm {

namespace json = boost::json;

namespace {

// Counts, and tells each second what it counted.
class Tally : public Watcher {
 public:
    explicit Tally(base::EventLoop& loop) : second_(loop) {
        second_.every(std::chrono::seconds(1), [this] { tell(); });
    }

    void answered(std::chrono::steady_clock::duration after) override {
        times_ms_.push_back(std::chrono::duration<double, std::milli>(after).count());
    }
    void failed(const std::string& why) override {
        ++errors_;
        last_error_ = why;
    }
    void config_changed(const std::string& from_hash, const std::string& to_hash) override {
        if (!from_hash.empty() && --running_[from_hash] == 0) running_.erase(from_hash);
        ++running_[to_hash];
    }

 private:
    double percentile(double share) const {
        if (times_ms_.empty()) return 0;
        return times_ms_[static_cast<std::size_t>(share * static_cast<double>(times_ms_.size() - 1))];
    }

    void tell() {
        std::ranges::sort(times_ms_);
        json::object running;
        for (const auto& [hash, agents] : running_) running[hash] = agents;
        const json::object line{
            {"second", ++seconds_},         {"answers", times_ms_.size()}, {"errors", errors_},
            {"last_error", last_error_},    {"p50_ms", percentile(0.5)},   {"p99_ms", percentile(0.99)},
            {"running", std::move(running)}};
        fmt::print("{}\n", json::serialize(line));
        std::fflush(stdout);
        times_ms_.clear();
        errors_ = 0;
        last_error_.clear();
    }

    base::Timer second_;
    std::uint64_t seconds_ = 0;
    std::vector<double> times_ms_;
    std::uint64_t errors_ = 0;
    std::string last_error_;
    std::map<std::string, std::uint64_t> running_;  // hash → agents
};

struct Options {
    std::string url;
    std::string token;
    std::size_t agents = 1;
    std::int64_t interval_ms = 5'000;
    std::size_t fail_every = 0;
    std::vector<std::string> labels;
    std::string prefix = "bird";
    std::uint64_t seed = 1;
};

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

int fly(const Options& options) {
    const auto url = base::parse_url(options.url);
    if (!url) {
        fmt::print(stderr, "swarm: {}\n", url.error().message);
        return 2;
    }
    raise_descriptor_limit();
    opamp::Attributes labels;
    for (const auto& label : options.labels)
        if (const auto equal = label.find('='); equal != std::string::npos)
            labels["label." + label.substr(0, equal)] = label.substr(equal + 1);
    base::EventLoop loop;
    std::mt19937_64 random(options.seed);
    Tally tally(loop);
    std::vector<std::unique_ptr<Bird>> birds;
    for (std::size_t i = 0; i < options.agents; ++i) {
        BirdSettings settings{.url = *url,
                              .token = options.token,
                              .name = fmt::format("{}-{}", options.prefix, i),
                              .labels = labels,
                              .interval = std::chrono::milliseconds(options.interval_ms),
                              .fails = options.fail_every > 0 && i % options.fail_every == 0};
        birds.push_back(std::make_unique<Bird>(loop, std::move(settings), tally,
                                               [&] { return std::uniform_real_distribution<>(0, 1)(random); }));
        birds.back()->start();
    }
    loop.run();
    return 0;
}

}  // namespace

}  // namespace swarm

int main(int argc, char** argv) {
    swarm::Options options;
    CLI::App app("A swarm of agents for a center to be tested with.", "swarm");
    app.add_option("--url", options.url, "The center's OpAMP endpoint")->required();
    app.add_option("--token", options.token, "Of enrolment");
    app.add_option("--agents", options.agents, "How many");
    app.add_option("--interval", options.interval_ms, "Between heartbeats, ms");
    app.add_option("--fail-every", options.fail_every, "Each Nth agent refuses every config");
    app.add_option("--label", options.labels, "key=value; may be given again");
    app.add_option("--prefix", options.prefix, "Of the agents' names");
    app.add_option("--seed", options.seed, "Of chance");
    CLI11_PARSE(app, argc, argv);
    return swarm::fly(options);
}
