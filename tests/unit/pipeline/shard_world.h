// A shard on the test's own thread, a sink that does what the test says, and a store in memory.
#pragma once

#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "agent/pipeline/shard.h"
#include "tests/unit/support/fake_store.h"
#include "tests/unit/support/run_loop.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::pipeline {

// Holds every extent until it is told what becomes of it.
class FakeSink : public deliver::Sink {
 public:
    explicit FakeSink(model::DeliveryListener& listener) : listener_(listener) {}

    std::unique_ptr<deliver::Route> open_route(const deliver::FileContext& file) override {
        routes.push_back(file);
        return std::make_unique<Gate>(*this);
    }
    void deliver(model::ExtentPtr extent, deliver::Route& /*route*/) override {
        held.push_back(std::move(extent));
        if (takes_all) finish(held.size() - 1);
    }
    void flush(deliver::Flush flush) override { flushes.push_back(flush); }
    bool go_on() override { return std::exchange(has_waiting, false); }
    void let_go() override {
        while (!held.empty()) finish(0, "let go");
    }
    deliver::SinkStatus status() const override { return {.type = "fake", .target = "test"}; }

    // The last word on `held[index]`: the batch that it was in was not taken as it is.
    // `forbidden`: a topic that may not be written; the other topics' records arrived.
    void reject(std::size_t index, model::Rejection rejection = model::Rejection::too_large,
                const std::string& forbidden = "") {
        auto extent = std::move(held.at(index));
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(index));
        extent->failure = "rejected";
        extent->rejection = rejection;
        if (!forbidden.empty()) extent->forbidden_topics = {forbidden};
        for (std::size_t i = 0; i < extent->records.size(); ++i)
            if (extent->is_rejected(i))
                ++extent->failed;
            else
                delivered.emplace_back(extent->records[i].line());
        extent->unfinished = 0;
        listener_.extent_finished(std::move(extent));
    }
    // What a cluster does that takes no record `poison`.
    void judge(const std::string& poison) {
        while (!held.empty()) {
            const auto& records = held.front()->records;
            const bool bad = std::ranges::any_of(records, [&](const auto& record) { return record.line() == poison; });
            if (bad && held.front()->dead_letter_why.empty())
                reject(0);
            else
                finish(0);
        }
        listener_.sink_ready();
    }

    // The last word on `held[index]`. With `failure`, some records may have arrived all the same.
    void finish(std::size_t index, const std::string& failure = "") {
        auto extent = std::move(held.at(index));
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(index));
        const auto arrived = failure.empty() ? extent->records.size() : extent->records.size() / 2;
        for (std::size_t i = 0; i < arrived; ++i) delivered.emplace_back(extent->records[i].line());
        if (failure.empty()) acked.push_back({extent->tail, extent->begin.value, extent->end.value});
        extent->failure = failure;
        extent->unfinished = 0;
        listener_.extent_finished(std::move(extent));
        if (after_finish) after_finish();
    }
    void sink_ready() { listener_.sink_ready(); }
    void finish_all() {
        while (!held.empty()) finish(0);
    }

    struct Acked {
        model::TailId tail;
        std::uint64_t begin;
        std::uint64_t end;
    };
    std::vector<model::ExtentPtr> held;
    std::vector<std::string> delivered;  // lines, in the order in which they arrived
    std::vector<Acked> acked;            // extents
    std::vector<deliver::FileContext> routes;
    std::vector<deliver::Flush> flushes;
    bool open = true;
    bool batches = false;
    bool takes_all = false;    // and at once
    bool has_waiting = false;  // something of it may go on
    int routes_let_go = 0;
    std::function<void()> after_finish;

 private:
    struct Gate : deliver::Route {
        explicit Gate(FakeSink& s) : sink(s) {}
        void let_go() override { ++sink.routes_let_go; }
        bool ready() override { return sink.open && (!alone() || sink.held.empty()); }
        bool batches() const override { return sink.batches; }
        FakeSink& sink;
    };
    model::DeliveryListener& listener_;
};

// Real files under the identities that the test gave them. So many descriptors as it says.
class NamedFiles : public discover::FileSystem {
 public:
    struct World {
        std::map<std::uint64_t, model::FileIdentity> identities;  // by the real inode
        std::size_t open_max = 1'000'000;
        bool handles_open = false;
        bool unopenable = false;
        std::vector<std::weak_ptr<const base::UniqueFd>> opened;
    };
    explicit NamedFiles(World& world) : world_(world) {}

    base::Result<discover::OpenFile> open(const std::string& path) override {
        if (world_.unopenable) return base::fail("cannot open {}: Permission denied", path);
        auto file = FileSystem::open(path);
        if (!file) return file;
        file->identity = world_.identities[file->identity.inode];
        world_.opened.push_back(file->fd);
        return file;
    }
    base::Result<discover::OpenFile> open_by_handle(const std::string& handle, const std::string& folder) override {
        if (!world_.handles_open) return base::fail("cannot open it by its handle");
        auto file = FileSystem::open_by_handle(handle, folder);
        if (!file) return file;
        file->identity = world_.identities[file->identity.inode];
        world_.opened.push_back(file->fd);
        return file;
    }
    bool has_room(const discover::OpenFile& /*file*/) override {
        std::erase_if(world_.opened, [](const auto& fd) { return fd.expired(); });
        return world_.opened.size() <= world_.open_max;
    }
    std::optional<discover::FileState> state(const std::string& path) override {
        auto state = FileSystem::state(path);
        if (!state) return state;
        const auto& identity = world_.identities[state->inode];
        state->inode = identity.inode;
        state->device = identity.device;
        return state;
    }

 private:
    World& world_;
};

class ShardWorld {
 public:
    explicit ShardWorld(std::size_t memory = 64 << 20, base::ManualClock* time = nullptr)
        : memory_limit(memory), clock(time) {
        start();
    }

    void start(const std::string& pipeline = "p") {
        checkpoints =
            std::make_unique<agent::checkpoint::CheckpointThread>(std::make_unique<test::FakeStore>(disk), log);
        shard = std::make_unique<Shard>(
            memory_limit, *checkpoints, log,
            [this](const std::string&, const model::FileIdentity& file,
                   const std::optional<model::Checkpoint>& checkpoint) {
                finished.push_back(file);
                finished_with = checkpoint;
            },
            std::make_unique<NamedFiles>(files), clock);
        sink = add(pipeline);
    }
    FakeSink* add(const std::string& name, config::OnReject on_reject = config::OnReject::block,
                  const config::FileSourceConfig& source = {}) {
        config::PipelineConfig config;
        config.name = name;
        config.sink.on_reject = on_reject;
        config.source = source;
        return add(std::move(config));
    }
    FakeSink* add(config::PipelineConfig config) {
        auto fake = std::make_unique<FakeSink>(*shard);
        auto* its = fake.get();
        auto shaper = *shape::Shaper::make(config, {.host = "h", .pipeline = config.name, .labels = {}});
        PipelineProbe probe(config.name, "fake", shaper.chain(), registry, log);
        shard->add(std::make_unique<Pipeline>(Pipeline{.config = std::move(config),
                                                       .framing = framing,
                                                       .shaper = std::move(shaper),
                                                       .probe = std::move(probe),
                                                       .sink = std::move(fake),
                                                       .tails = {},
                                                       .ready = {},
                                                       .waiting = {},
                                                       .wanting = {},
                                                       .retired = {},
                                                       .patience = {}}));
        return its;
    }
    // As kill -9 would: what is in flight is gone, what was handed to the store is not.
    void crash() {
        shard.reset();
        checkpoints.reset();
    }

    model::TailId follow(const std::string& path, std::uint64_t inode, const std::string& pipeline = "p") {
        test::append_to(path, "");
        TailStart tail{.id = {++tails}, .path = path, .identity = {.inode = inode}, .fd = {}, .checkpoint = {}};
        NamedFiles own(files);
        files.identities[discover::FileSystem().state(path)->inode] = tail.identity;
        if (auto opened = own.open(path); opened && own.has_room(*opened)) tail.fd = std::move(opened->fd);
        const auto known = stored();
        if (const auto its = known.find({pipeline, tail.identity}); its != known.end()) tail.checkpoint = its->second;
        shard->follow(pipeline, std::move(tail));
        return {tails};
    }
    void poll() { test::poll(shard->loop()); }
    bool until(const std::function<bool()>& true_now, std::chrono::seconds time = std::chrono::seconds(20)) {
        return test::run_until(shard->loop(), true_now, time);
    }
    FileStatus file(std::uint64_t inode, std::size_t pipeline = 0) {
        const auto status = shard->status();
        for (const auto& one : status.pipelines.at(pipeline).files)
            if (one.identity.inode == inode) return one;
        return {};
    }
    // What is in the store, once everything that was handed to it is.
    std::map<agent::checkpoint::CheckpointBatch::Key, model::Checkpoint> stored() {
        if (!checkpoints) return disk->stored;
        std::promise<std::map<agent::checkpoint::CheckpointBatch::Key, model::Checkpoint>> answer;
        checkpoints->visit([&](agent::checkpoint::CheckpointStore&) { answer.set_value(disk->stored); });
        return answer.get_future().get();
    }
    std::uint64_t counter(const std::string& name, const telemetry::MetricLabels& labels) {
        return registry.counter(name, "", labels).value();
    }
    bool drain() {
        bool drained = false;
        shard->drain(std::chrono::seconds(5), [&] { drained = true; });
        return until([&] { return drained; });
    }

    std::size_t memory_limit;
    base::ManualClock* clock;  // null: real time
    split::Framing framing;
    test::TempFolder folder;
    NamedFiles::World files;
    telemetry::Log log{{.level = config::LogLevel::error, .format = config::LogFormat::text}};
    telemetry::Registry registry;
    std::shared_ptr<test::Disk> disk = std::make_shared<test::Disk>();
    std::unique_ptr<agent::checkpoint::CheckpointThread> checkpoints;
    std::unique_ptr<Shard> shard;
    FakeSink* sink = nullptr;
    std::vector<model::FileIdentity> finished;
    std::optional<model::Checkpoint> finished_with;  // the last of them
    std::uint64_t tails = 0;
};

}  // namespace agent::pipeline
