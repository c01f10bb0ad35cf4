// An agent's control side over real pipelines, in a folder of the test's own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "agent/control/config_applier.h"
#include "agent/control/control_probe.h"
#include "agent/pipeline/pipeline_set.h"
#include "common/config/load.h"
#include "common/opamp/signed_config.h"
#include "tests/unit/support/fake_store.h"
#include "tests/unit/support/run_loop.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::control {

class ControlWorld : public testing::Test {
 public:
    ControlWorld() {
        std::filesystem::create_directory(folder.at("logs"));
        std::filesystem::create_directory(folder.at("data"));
        write_local("");
    }
    ~ControlWorld() override { die(); }

    // The host's own file; `center` are more keys of [center].
    void write_local(const std::string& own, const std::string& center = "probation = '300ms'",
                     const std::string& agent = "") {
        test::rewrite(folder.at("agent.toml"), "[agent]\nname = 'host'\ndata_dir = '" + folder.at("data") +
                                                   "'\nallow_paths = ['" + folder.at("logs") +
                                                   "/**']\nallow_sink_paths = ['" + folder.at("**") + "']\n" + agent +
                                                   "\n[center]\nendpoint = '" + endpoint + "'\n" + center + "\n" + own);
    }

    // The text of a pipeline, at the top of a file.
    std::string pipeline(const std::string& name, const std::string& out = "out") const {
        return "name = '" + name + "'\n[source]\ninclude = ['" + folder.at("logs/" + name + ".log") +
               "']\n[sink]\ntype = 'file'\npath = '" + folder.at(out) + "'\n";
    }
    static opamp::RemoteConfig config_of(const std::string& text) {
        opamp::RemoteConfig config{.files = {{"pipelines/p.toml", {.body = text, .content_type = "text/toml"}}},
                                   .hash = {}};
        config.hash = opamp::config_hash(config.files);
        return config;
    }

    // As the daemon starts; die() is what kill -9 leaves.
    void start() {
        auto config = config::load(folder.at("agent.toml"));
        ASSERT_TRUE(config) << config::show(config.error().front(), "agent.toml");
        checkpoints = std::make_unique<checkpoint::CheckpointThread>(std::make_unique<test::FakeStore>(disk), log);
        pipelines = pipeline::PipelineSet::create(loop, *checkpoints, registry, log, "session", 8 << 20).value();
        applier = std::make_unique<ConfigApplier>(folder.at("agent.toml"), *config, *pipelines, loop, log, probe);
        bool applied = false;
        applier->apply_initial([&] { applied = true; });
        ASSERT_TRUE(test::run_until(loop, [&] { return applied; }, std::chrono::seconds(10)));
    }
    void die() {
        if (pipelines) test::run_for(loop, std::chrono::milliseconds(5));
        applier.reset();
        pipelines.reset();
        checkpoints.reset();
        test::poll(loop);
    }
    void reload() {
        bool applied = false;
        applier->reload([&] { applied = true; });
        ASSERT_TRUE(test::run_until(loop, [&] { return applied; }, std::chrono::seconds(10)));
    }

    bool reaches(opamp::ConfigStatus status, const std::string& hash) {
        return test::run_until(
            loop, [&] { return applier->status().status == status && applier->status().last_hash == hash; },
            std::chrono::seconds(10));
    }
    bool runs(const std::string& name) const {
        return std::ranges::any_of(applier->effective().pipelines, [&](const auto& one) { return one.name == name; });
    }
    bool delivers(const std::string& name, const std::string& line, const std::string& out = "out") {
        test::append_to(folder.at("logs/" + name + ".log"), line + "\n");
        return test::run_until(
            loop, [&] { return test::contents_of(folder.at(out)).find(line) != std::string::npos; },
            std::chrono::seconds(15));
    }

    test::TempFolder folder;
    std::string endpoint = "http://127.0.0.1:1/v1/opamp";
    std::shared_ptr<test::Disk> disk = std::make_shared<test::Disk>();
    base::EventLoop loop;
    telemetry::Registry registry;
    telemetry::Log log{{.level = config::LogLevel::error}};
    ControlProbe probe{registry, log};
    std::unique_ptr<checkpoint::CheckpointThread> checkpoints;
    std::unique_ptr<pipeline::PipelineSet> pipelines;
    std::unique_ptr<ConfigApplier> applier;
};

}  // namespace agent::control
