#include "agent/pipeline/pipeline_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace agent::pipeline {

namespace {

// What is to be called `count` times until it calls `done`; for none it is called at once.
std::function<void()> countdown(std::size_t count, base::Task done) {
    if (count == 0) {
        done();
        return [] {};
    }
    auto left = std::make_shared<std::pair<std::size_t, base::Task>>(count, std::move(done));
    return [left] {
        if (--left->first == 0) left->second();
    };
}

}  // namespace

bool PipelineSet::Wanted::same_as(const Wanted& other) const {
    return pipeline == other.pipeline && cluster == other.cluster && agent.labels == other.agent.labels &&
           agent.host == other.agent.host;
}

base::Result<std::unique_ptr<PipelineSet>> PipelineSet::create(base::EventLoop& control,
                                                               checkpoint::CheckpointThread& checkpoints,
                                                               telemetry::Registry& registry, telemetry::Log& log,
                                                               std::string session, std::size_t memory_limit,
                                                               Outside outside) {
    std::unique_ptr<PipelineSet> set(
        new PipelineSet(control, checkpoints, registry, log, std::move(session), memory_limit, std::move(outside)));
    auto discovery = discover::Discovery::create(control, *set, log, set->outside_.files());
    if (!discovery) return std::unexpected(discovery.error());
    set->discovery_ = std::move(*discovery);
    if (!set->shard_.loop().is_manual()) set->thread_ = std::thread([self = set.get()] { self->shard_.loop().run(); });
    return set;
}

PipelineSet::PipelineSet(base::EventLoop& control, checkpoint::CheckpointThread& checkpoints,
                         telemetry::Registry& registry, telemetry::Log& log, std::string session,
                         std::size_t memory_limit, Outside outside)
    : control_(control),
      checkpoints_(checkpoints),
      registry_(registry),
      log_(log),
      session_(std::move(session)),
      outside_(std::move(outside)),
      stock_timer_(control),
      shard_(
          memory_limit, checkpoints, log,
          [this](const std::string& pipeline, const model::FileIdentity& file,
                 std::optional<model::Checkpoint> checkpoint) {
              on_control([this, pipeline, file, checkpoint = std::move(checkpoint)] {
                  if (const auto found = tails_.find(file);
                      found != tails_.end() && found->second.erase(pipeline) > 0 && found->second.empty())
                      tails_.erase(found);
                  if (!draining_) discovery_->release(pipeline, file, checkpoint);
              });
          },
          outside_.files(), outside_.clock),
      unpacker_(control) {
    stock_timer_.every(kStockInterval, [this] {
        if (draining_) return;
        for (const auto& [name, running] : running_) take_stock(name, {});
        take_stock_of_strangers();
    });
}

PipelineSet::~PipelineSet() {
    discovery_.reset();
    if (!thread_.joinable()) return;
    shard_.loop().stop();
    thread_.join();
}

std::map<std::string, PipelineSet::Wanted> PipelineSet::wanted_by(const config::Config& config) const {
    std::map<std::string, Wanted> wanted;
    for (const auto& pipeline : config.pipelines) {
        if (!pipeline.enabled) continue;
        Wanted one{.pipeline = pipeline,
                   .cluster = {},
                   .agent = {.labels = config.agent.labels, .host = config.agent.name, .session = session_}};
        if (const auto cluster = config.clusters.find(pipeline.sink.cluster); cluster != config.clusters.end())
            one.cluster = cluster->second;
        wanted.emplace(pipeline.name, std::move(one));
    }
    return wanted;
}

void PipelineSet::apply(const config::Config& config, base::Task applied) {
    if (draining_) return;
    pending_ = config;
    waiting_for_pending_.push_back(std::move(applied));
    if (!applying_) apply_now();
}

void PipelineSet::rehearse(const config::Config& config,
                           std::function<void(std::map<std::string, std::string>)> answer) {
    on_shard([this, wanted = wanted_by(config), answer = std::move(answer)]() mutable {
        std::map<std::string, std::string> failed;
        for (const auto& [name, one] : wanted)
            if (one.cluster)
                if (const auto made = shard_.rehearse(*one.cluster); !made) failed.emplace(name, made.error().message);
        on_control([answer = std::move(answer), failed = std::move(failed)]() mutable { answer(std::move(failed)); });
    });
}

void PipelineSet::apply_now() {
    applying_ = true;
    const auto config = *std::exchange(pending_, std::nullopt);
    waiting_for_present_ = std::exchange(waiting_for_pending_, {});
    checkpoint_retention_ = config.agent.checkpoint_retention;
    scratch_folder_ = config.agent.data_dir;
    configured_.clear();
    for (const auto& pipeline : config.pipelines) configured_.insert(pipeline.name);
    on_shard([this, agent = config.agent] { shard_.set_limits(agent); });

    auto wanted = wanted_by(config);
    std::map<std::string, Successor> unwanted;
    for (const auto& [name, running] : running_) {
        const auto same = wanted.find(name);
        if (same == wanted.end()) unwanted[name] = Successor::no;
        if (same != wanted.end() && !same->second.same_as(running)) unwanted[name] = Successor::yes;
    }
    std::erase_if(wanted, [&](const auto& one) {
        const auto running = running_.find(one.first);
        return running != running_.end() && one.second.same_as(running->second);
    });
    failed_.clear();

    const auto patience = config.agent.shutdown_timeout;
    auto stopped = countdown(unwanted.size(), [this, wanted = std::move(wanted)]() mutable {
        on_shard([this, wanted = std::move(wanted)]() mutable {
            shard_.drop_unused_clusters();
            on_control([this, wanted = std::move(wanted)]() mutable { start_all(std::move(wanted)); });
        });
    });
    for (const auto& [name, successor] : unwanted) stop(name, successor, patience, stopped);
}

void PipelineSet::stop(const std::string& name, Successor successor, std::chrono::milliseconds patience,
                       base::Task stopped) {
    log_.info("pipeline stops", {{"pipeline", name}});
    running_.erase(name);
    discovery_->remove_pipeline(name);
    for (auto it = tails_.begin(); it != tails_.end();) {
        it->second.erase(name);
        it = it->second.empty() ? tails_.erase(it) : std::next(it);
    }
    on_shard([this, name, successor, patience, stopped = std::move(stopped)]() mutable {
        shard_.retire(name, successor, patience,
                      [this, name, stopped = std::move(stopped)](std::vector<StillOpen> files) mutable {
                          on_control([this, name, files = std::move(files), stopped = std::move(stopped)]() mutable {
                              still_open_[name] = std::move(files);
                              stopped();
                          });
                      });
    });
}

void PipelineSet::start_all(std::map<std::string, Wanted> wanted) {
    if (draining_) return;
    auto started = countdown(wanted.size(), [this] { applied(); });
    for (auto& [name, one] : wanted) {
        one.start = ++starts_;
        start(name, one, started);
        running_.emplace(name, std::move(one));
    }
}

void PipelineSet::start(const std::string& name, const Wanted& wanted, base::Task started) {
    log_.info("pipeline starts", {{"pipeline", name}});
    on_shard([this, name, wanted, started = std::move(started)]() mutable {
        auto built = outside_.build(wanted.pipeline, wanted.cluster ? &*wanted.cluster : nullptr, wanted.agent, shard_,
                                    registry_, log_);
        if (!built) {
            on_control([this, name, why = built.error().message, started = std::move(started)]() mutable {
                log_.error("pipeline cannot run", {{"pipeline", name}, {"error", why}});
                failed_[name] = why;
                running_.erase(name);
                started();
            });
            return;
        }
        shard_.add(std::move(*built));
        auto shared = std::make_shared<base::Task>(std::move(started));
        // The checkpoint thread outlives us: what it runs leaves us alone.
        checkpoints_.load(name, [this, &control = control_, alive = std::weak_ptr(alive_), name,
                                 shared](checkpoint::PipelineCheckpoints loaded) {
            control.post([this, alive, name, shared, loaded = std::move(loaded)]() mutable {
                if (!alive.lock()) return;
                begin_discovery(name, std::move(loaded));
                (*shared)();
            });
        });
    });
}

void PipelineSet::begin_discovery(const std::string& name, checkpoint::PipelineCheckpoints loaded) {
    const auto running = running_.find(name);
    if (running == running_.end() || draining_) return;
    discovery_->add_pipeline(name, running->second.pipeline.source, std::move(loaded.checkpoints),
                             loaded.looked_before);
    take_over(name);
    checkpoint::CheckpointBatch batch;
    batch.looked.insert(name);
    take_stock(name, std::move(batch));
}

void PipelineSet::applied() {
    applying_ = false;
    if (draining_) return;
    still_open_.clear();  // of pipelines that are no more
    take_stock_of_strangers();
    for (auto& task : std::exchange(waiting_for_present_, {})) task();
    if (pending_) apply_now();
}

void PipelineSet::drain(std::chrono::milliseconds patience, base::Task drained) {
    draining_ = true;  // a change that is being made goes no further
    pending_.reset();
    discovery_.reset();
    on_shard([this, patience, drained = std::move(drained)]() mutable {
        shard_.drain(patience, [this, drained = std::move(drained)]() mutable { on_control(std::move(drained)); });
    });
}

void PipelineSet::status(std::function<void(ShardStatus)> answer) {
    on_shard([this, answer = std::move(answer)]() mutable {
        on_control([answer = std::move(answer), status = shard_.status()]() mutable { answer(std::move(status)); });
    });
}

void PipelineSet::tap(std::string pipeline, std::function<void(std::optional<std::string>)> answer) {
    on_shard([this, pipeline = std::move(pipeline), answer = std::move(answer)]() mutable {
        on_control([answer = std::move(answer), lines = shard_.tap(pipeline)]() mutable { answer(std::move(lines)); });
    });
}

void PipelineSet::set_offset(std::string pipeline, model::FileIdentity file, model::FileOffset offset,
                             std::function<void(base::Result<IsFollowed>)> answer) {
    on_shard([this, pipeline = std::move(pipeline), file, offset, answer = std::move(answer)]() mutable {
        on_control(
            [answer = std::move(answer), followed = shard_.set_offset(pipeline, file, offset)] { answer(followed); });
    });
}

std::map<std::string, std::string> PipelineSet::unfollowed() const {
    return draining_ ? std::map<std::string, std::string>{} : discovery_->troubled();
}

void PipelineSet::file_found(discover::FoundFile file) {
    const FollowedTail tail{.id = {next_tail_++}, .woken = std::make_shared<Woken>(false)};
    tails_[file.identity][file.pipeline] = tail;
    if (found_.empty()) on_control([this] { follow_found(); });
    found_.emplace_back(std::move(file.pipeline), TailStart{.id = tail.id,
                                                            .path = std::move(file.path),
                                                            .identity = file.identity,
                                                            .fd = std::move(file.fd),
                                                            .checkpoint = std::move(file.checkpoint),
                                                            .at_end = file.at_end,
                                                            .is_copy = file.is_copy,
                                                            .fields = std::move(file.fields),
                                                            .woken = tail.woken});
}

// Those of one look together, so that the first is not read before it is known what others there are.
void PipelineSet::follow_found() {
    if (found_.empty()) return;
    shard_.loop().post([this, found = std::exchange(found_, {})]() mutable {
        for (auto& [pipeline, start] : found) shard_.follow(pipeline, std::move(start));
    });
}

void PipelineSet::on_shard(base::Task task) {
    follow_found();  // what is told comes after them
    shard_.loop().post(std::move(task));
}

void PipelineSet::on_control(base::Task task) {
    control_.post([alive = std::weak_ptr(alive_), task = std::move(task)]() mutable {
        if (alive.lock()) task();
    });
}

std::vector<PipelineSet::FollowedTail> PipelineSet::tails_of(const model::FileIdentity& file) const {
    std::vector<FollowedTail> tails;
    if (const auto found = tails_.find(file); found != tails_.end())
        for (const auto& [pipeline, tail] : found->second) tails.push_back(tail);
    return tails;
}

void PipelineSet::files_changed(const std::vector<model::FileIdentity>& files) {
    std::vector<model::TailId> asleep;
    for (const auto& file : files)
        if (const auto found = tails_.find(file); found != tails_.end())
            for (const auto& [pipeline, tail] : found->second)
                if (!tail.woken->exchange(true)) asleep.push_back(tail.id);
    if (!asleep.empty()) on_shard([this, asleep = std::move(asleep)] { shard_.wake(asleep); });
}

void PipelineSet::swept(discover::Sweep sweep) {
    on_shard([this, sweep] { shard_.look_at_all(sweep); });
}

void PipelineSet::file_moved(const model::FileIdentity& file, const std::string& path) {
    for (const auto& tail : tails_of(file)) on_shard([this, id = tail.id, path] { shard_.moved(id, path); });
}

void PipelineSet::file_left(const model::FileIdentity& file) {
    for (const auto& tail : tails_of(file)) on_shard([this, id = tail.id] { shard_.left(id); });
}

}  // namespace agent::pipeline
