// The command line of venus-agent.

#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "agent/app/commands.h"
#include "agent/app/daemon.h"
#include "agent/app/exit_codes.h"
#include "agent/app/tap_command.h"
#include "agent/app/top_command.h"
#include "agent/app/try_command.h"

namespace {

using agent::admin::CheckpointChange;

struct Options {
    std::string config_file = "/etc/venus-agent/agent.toml";
    std::string socket;
    bool json = false;
    CheckpointChange change;

    agent::app::DaemonAddress daemon() const { return {.config_file = config_file, .socket = socket}; }
};

void add_config(CLI::App* command, Options& options) {
    command->add_option("-c,--config", options.config_file, "The agent's configuration file")->capture_default_str();
}

void add_daemon(CLI::App* command, Options& options) {
    add_config(command, options);
    command->add_option("-s,--socket", options.socket,
                        "The admin socket of the running agent (default: what the config says)");
}

void add_change(CLI::App* command, Options& options) {
    add_daemon(command, options);
    command->add_option("--pipeline", options.change.pipeline, "The pipeline whose checkpoint it is")->required();
    command->add_option("FILE", options.change.file, "The file's path, or its file id as `checkpoints list` shows it")
        ->required();
}

void add_checkpoints(CLI::App& app, Options& options, int& exit_code) {
    auto* checkpoints =
        app.add_subcommand("checkpoints", "Show or repair checkpoints, of a running agent or of its data folder");
    checkpoints->require_subcommand(1);
    auto* list = checkpoints->add_subcommand("list", "List all checkpoints");
    add_daemon(list, options);
    list->add_flag("--json", options.json, "Print JSON");
    list->callback([&] { exit_code = agent::app::list_checkpoints(options.daemon(), options.json); });
    auto* set = checkpoints->add_subcommand("set", "Read a file from OFFSET on, again or not at all");
    add_change(set, options);
    set->add_option("OFFSET", options.change.offset.value, "The byte to go on from; the beginning of a line")
        ->required();
    set->callback([&] { exit_code = agent::app::change_checkpoint(options.daemon(), options.change); });
    auto* forget =
        checkpoints->add_subcommand("forget", "Read a file from its beginning, as if it had never been seen");
    add_change(forget, options);
    forget->callback([&] {
        options.change.forget = true;
        exit_code = agent::app::change_checkpoint(options.daemon(), options.change);
    });
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    int exit_code = agent::app::kExitOk;
    CLI::App app("venus-agent follows log files and ships their lines to Kafka.", "venus-agent");
    app.require_subcommand(1);

    auto* run = app.add_subcommand("run", "Run the agent in the foreground");
    add_config(run, options);
    run->callback([&] { exit_code = agent::app::run_daemon(options.config_file); });

    auto* check = app.add_subcommand("check", "Check the configuration and print every error at once");
    add_config(check, options);
    check->callback([&] { exit_code = agent::app::check_config(options.config_file); });

    agent::app::TryOptions trial;
    auto* try_it =
        app.add_subcommand("try", "Show what a pipeline makes of some lines; touches no checkpoint and no sink");
    add_config(try_it, options);
    try_it->add_option("-p,--pipeline", trial.pipeline, "The pipeline")->required();
    try_it->add_flag("--trace", trial.trace, "Show the record before and after each processor");
    try_it->add_option("FILE", trial.file, "The lines; stdin, unless given");
    try_it->callback([&] {
        trial.config_file = options.config_file;
        exit_code = agent::app::try_pipeline(trial);
    });

    auto* status = app.add_subcommand(
        "status", "Show what the running agent does; exit code 0 healthy, 3 degraded, 1 not running");
    add_daemon(status, options);
    status->add_flag("--json", options.json, "Print JSON");
    status->callback([&] { exit_code = agent::app::show_status(options.daemon(), options.json); });

    agent::app::TopOptions top;
    auto* top_it = app.add_subcommand("top", "Show the running agent live: rates, lag, latency, the busiest files");
    add_daemon(top_it, options);
    top_it->add_option("--interval", top.interval, "The time between two looks")->capture_default_str();
    top_it->add_flag("--once", top.once, "Print one screen as text and end; exit codes are those of status");
    top_it->callback([&] {
        top.daemon = options.daemon();
        exit_code = agent::app::show_top(top);
    });

    agent::app::TapOptions tap;
    auto* tap_it = app.add_subcommand("tap", "Show a live sample of the records that pass, without disturbing them");
    add_daemon(tap_it, options);
    tap_it->add_option("PIPELINE", tap.pipeline, "The pipeline")->required();
    tap_it->add_option("--limit", tap.limit, "End after so many records; 0: when interrupted")->capture_default_str();
    tap_it->callback([&] {
        tap.daemon = options.daemon();
        exit_code = agent::app::tap_pipeline(tap);
    });

    add_checkpoints(app, options, exit_code);
    app.add_subcommand("version", "Show the versions of the agent and its libraries")->callback([&] {
        exit_code = agent::app::show_version();
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {  // --help is one, too
        return app.exit(wrong) == 0 ? agent::app::kExitOk : agent::app::kExitBadConfig;
    }
    return exit_code;
}
