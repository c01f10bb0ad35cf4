#include "tests/simulation/agent.h"

#include <algorithm>
#include <utility>

namespace simulation {

namespace pipeline = agent::pipeline;

namespace {

constexpr int kTasksMax = 100'000;  // until nothing is left to do

// Whether what the pipeline follows is followed by its successor, too.
bool is_covered(const config::PipelineConfig& pipeline, const config::Config& by) {
    return std::ranges::any_of(by.pipelines, [&](const auto& after) {
        return after.name == pipeline.name && after.source.include.size() >= pipeline.source.include.size();
    });
}

constexpr auto kSilent = static_cast<config::LogLevel>(static_cast<int>(config::LogLevel::error) + 1);

}  // namespace

Agent::Agent(Disk& disk, Stored& stored, Cluster& cluster, Model& model, Random& random, base::ManualClock& clock,
             bool says_what_it_does)
    : disk_(disk),
      stored_(stored),
      cluster_(cluster),
      model_(model),
      random_(random),
      clock_(clock),
      log_({.level = says_what_it_does ? config::LogLevel::info : kSilent, .format = config::LogFormat::text}) {}

Agent::~Agent() {
    if (runs()) crash();
}

void Agent::start(const config::Config& config) {
    drained_ = false;
    config_ = {};
    registry_ = std::make_unique<telemetry::Registry>();
    control_ = std::make_unique<base::EventLoop>(&clock_);
    checkpoints_ =
        std::make_unique<checkpoint::CheckpointThread>(std::make_unique<Store>(stored_, model_), log_, &clock_);
    set_ = *pipeline::PipelineSet::create(
        *control_, *checkpoints_, *registry_, log_, "session", config.agent.memory_limit,
        {.clock = &clock_,
         .files = [this] { return disk_.files(); },
         .build = [this](const config::PipelineConfig& one, const config::ClusterConfig* /*cluster*/,
                         const pipeline::AgentContext& /*context*/, pipeline::Shard& shard,
                         telemetry::Registry& registry,
                         telemetry::Log& /*log*/) { return build(one, shard, registry); }});
    apply(config);
}

std::unique_ptr<pipeline::Pipeline> Agent::build(const config::PipelineConfig& config, pipeline::Shard& shard,
                                                 telemetry::Registry& registry) {
    auto shaper = *agent::shape::Shaper::make(config, {.host = "h", .pipeline = config.name, .labels = {}});
    pipeline::PipelineProbe probe(config.name, "simulated", shaper.chain(), registry, log_);
    return std::make_unique<pipeline::Pipeline>(
        pipeline::Pipeline{.config = config,
                           .framing = *agent::split::Framing::make(config.source),
                           .shaper = std::move(shaper),
                           .probe = std::move(probe),
                           .sink = std::make_unique<Sink>(config, cluster_, model_, shard),
                           .tails = {},
                           .ready = {},
                           .waiting = {},
                           .wanting = {},
                           .retired = {},
                           .patience = {}});
}

void Agent::apply(const config::Config& config) {
    const auto has = [](const config::Config& some, const config::PipelineConfig& pipeline) {
        return std::ranges::find(some.pipelines, pipeline) != some.pipelines.end();
    };
    for (const auto& before : config_.pipelines)
        if (!has(config, before)) model_.pipeline_ends(before.name, is_covered(before, config));
    for (const auto& wanted : config.pipelines)
        if (!has(config_, wanted)) model_.pipeline_wanted(wanted);
    config_ = config;
    changing_ = true;
    set_->apply(config, [this] {
        changing_ = false;
        model_.pipelines_run();
    });
}

void Agent::crash() {
    model_.agent_ends();
    forget();
}

void Agent::drain(std::chrono::milliseconds patience) {
    set_->drain(patience, [this] { drained_ = true; });
}

void Agent::end() {
    settle();  // the checkpoint thread finishes what it was asked for
    model_.agent_ends();
    forget();
}

void Agent::forget() {
    set_.reset();
    checkpoints_.reset();
    control_.reset();
    cluster_.in_flight_bytes = 0;
    changing_ = false;
}

pipeline::ShardStatus Agent::status() {
    std::optional<pipeline::ShardStatus> status;
    set_->status([&](pipeline::ShardStatus answer) { status = std::move(answer); });
    settle();
    return status.value_or(pipeline::ShardStatus{});
}

bool Agent::poll() {
    auto loops = clock_.loops();
    while (!loops.empty()) {
        const auto index = random_.below(loops.size());
        if (loops[index]->poll_one()) return true;
        loops.erase(loops.begin() + static_cast<std::ptrdiff_t>(index));
    }
    return false;
}

bool Agent::settle() {
    for (int i = 0; i < kTasksMax; ++i)
        if (!poll()) return true;
    model_.violated("the agent is never at rest");
    return false;
}

}  // namespace simulation
