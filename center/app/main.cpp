// The command line of venus-center.
#include <cstdio>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/core.h>
#include <rocksdb/version.h>

#include "center/app/config.h"
#include "center/app/daemon.h"

namespace {

constexpr int kExitOk = 0;
constexpr int kExitBadConfig = 2;

// Shows what is wrong, and leaves `out` alone then.
bool load(const std::string& file, std::FILE* where, center::app::CenterConfig& out) {
    auto config = center::app::load(file);
    if (config) {
        out = std::move(*config);
        return true;
    }
    for (const auto& problem : config.error()) fmt::print(where, "{}\n", config::show(problem, file));
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    std::string file = "/etc/venus-center/center.toml";
    int exit_code = kExitOk;
    center::app::CenterConfig config;
    CLI::App app("venus-center keeps the config of all agents and rolls it out.", "venus-center");
    app.require_subcommand(1);

    auto* run = app.add_subcommand("run", "Run the center in the foreground");
    run->add_option("-c,--config", file, "The center's configuration file")->capture_default_str();
    run->callback([&] {
        exit_code = load(file, stderr, config) ? center::app::run_center(config, VENUS_VERSION) : kExitBadConfig;
    });
    auto* check = app.add_subcommand("check", "Check the configuration and print every error at once");
    check->add_option("-c,--config", file, "The center's configuration file")->capture_default_str();
    check->callback([&] {
        if (load(file, stdout, config))
            fmt::print("ok\n");
        else
            exit_code = kExitBadConfig;
    });
    app.add_subcommand("version", "Show the versions of the center and its libraries")->callback([] {
        fmt::print("venus-center {}\n  RocksDB {}.{}.{}\n", VENUS_VERSION, ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH);
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {  // --help is one, too
        return app.exit(wrong) == 0 ? kExitOk : kExitBadConfig;
    }
    return exit_code;
}
