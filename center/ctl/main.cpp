// The command line of venusctl.

#include <exception>
#include <functional>
#include <optional>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/core.h>

#include "center/ctl/answers.h"
#include "center/ctl/commands.h"

namespace {

using namespace center::ctl;

struct Options {
    CenterAddress center;
    Output output;
    std::string kind;
    std::string name;
    ApplyOptions apply;
    std::string files;
    std::optional<std::uint64_t> from;
    std::optional<std::uint64_t> to;
    RolloutOptions rollout;
    TokenOptions token;
};

using Command = std::function<int(ApiClient&)>;

// Commands only say what is to be done: it is done when the whole line was understood.
class CommandLine {
 public:
    CommandLine() : app_("venusctl speaks to a venus-center.", "venusctl") {
        app_.require_subcommand(1);
        app_.add_option("--center", options_.center.url, "The center's API")
            ->envname("VENUS_CENTER")
            ->capture_default_str();
        app_.add_option("--token", options_.center.token, "Who asks; better in VENUS_TOKEN")->envname("VENUS_TOKEN");
        app_.add_option("--ca-file", options_.center.tls.ca_file, "Whom to trust, PEM")->envname("VENUS_CA_FILE");
        app_.add_option("--cert-file", options_.center.tls.cert_file, "A certificate of one's own, PEM, for mTLS");
        app_.add_option("--key-file", options_.center.tls.key_file, "Its private key, PEM");
        app_.fallthrough();
        add_files();
        add_queries();
        add_rollouts();
        add_tokens();
        auto* version = app_.add_subcommand("version", "Show the version");
        version->add_flag("--json", options_.output.json, "Print JSON");
        version->callback([this] {
            if (options_.output.json)
                print_json({{"name", "venusctl"}, {"version", VENUS_VERSION}});
            else
                fmt::print("venusctl {}\n", VENUS_VERSION);
        });
    }

    int run(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::ParseError& wrong) {  // --help is one, too
            return app_.exit(wrong) == 0 ? kExitOk : kExitBadInput;
        }
        if (!command_) return kExitOk;
        auto center = ApiClient::connect(options_.center);
        if (!center) return complain(center.error().message, kExitBadInput);
        return command_(*center);
    }

 private:
    CLI::App* add(CLI::App& parent, const char* name, const char* about, Command command) {
        auto* made = parent.add_subcommand(name, about);
        made->callback([this, command = std::move(command)] { command_ = command; });
        made->add_flag("--json", options_.output.json, "Print JSON");
        return made;
    }
    void add_watch(CLI::App* command, const char* about) {
        command->add_flag("-w,--watch", options_.output.watch, about);
    }

    void add_files() {
        auto* command = add(app_, "apply", "Show what differs between files and the center, then put it there",
                            [this](ApiClient& center) { return apply(center, options_.apply, options_.output); });
        command->add_option("-f,--file", options_.apply.path, "A file, or a folder of *.toml")->required();
        command->add_flag("--dry-run", options_.apply.dry_run,
                          "Show the plan only; the center looks at what is in it when it gets it");
        command->add_flag("--prune", options_.apply.prune, "Delete what the center has beyond the files");

        command = add(app_, "diff", "Show what changed: between files and the center, or between revisions",
                      [this](ApiClient& center) {
                          if (!options_.files.empty()) return diff_files(center, options_.files, options_.output);
                          if (options_.name.empty())
                              return complain("diff: what? (name a pipeline, or files with -f)", kExitBadInput);
                          return diff_revisions(center, options_.name, options_.from, options_.to, options_.output);
                      });
        command->add_option("-f,--file", options_.files, "A file, or a folder of *.toml");
        command->add_option("PIPELINE", options_.name, "The pipeline");
        command->add_option("FROM", options_.from, "A revision (default: the one before)");
        command->add_option("TO", options_.to, "A revision (default: the newest)");
    }

    void add_queries() {
        auto* command =
            add(app_, "get", "Show pipelines, clusters, groups: all of a kind, or one",
                [this](auto& center) { return get(center, options_.kind, options_.name, options_.output); });
        command->add_option("KIND", options_.kind, "pipelines, clusters or groups")
            ->required()
            ->check(CLI::IsMember({"pipeline", "pipelines", "cluster", "clusters", "group", "groups"}));
        command->add_option("NAME", options_.name, "One of them");

        command =
            add(app_, "delete", "Delete a pipeline, cluster or group that nothing leans on, or an agent's credential",
                [this](auto& center) { return remove(center, options_.kind, options_.name, options_.output); });
        command->add_option("KIND", options_.kind, "pipeline, cluster, group or agent")
            ->required()
            ->check(CLI::IsMember({"pipeline", "cluster", "group", "agent"}));
        command->add_option("NAME", options_.name, "Its name")->required();

        command = add(app_, "agents", "Show all agents",
                      [this](auto& center) { return list_agents(center, options_.output); });
        add_watch(command, "Show them again and again");

        command = add(app_, "agent", "Show one agent, with its effective config",
                      [this](auto& center) { return show_agent(center, options_.name, options_.output); });
        command->add_option("NAME", options_.name, "Its name or id")->required();

        command = add(app_, "retry", "Offer an agent once more what it refused",
                      [this](auto& center) { return retry_agent(center, options_.name, options_.output); });
        command->add_option("NAME", options_.name, "Its name or id")->required();

        command = add(app_, "audit", "Show who changed what and when",
                      [this](auto& center) { return show_audit(center, options_.output); });
    }

    void add_rollouts() {
        auto* rollout = app_.add_subcommand("rollout", "Give a group's agents other revisions, step by step");
        rollout->require_subcommand(1);
        auto* command = add(*rollout, "start", "Start a rollout",
                            [this](auto& center) { return start_rollout(center, options_.rollout, options_.output); });
        command->add_option("GROUP", options_.rollout.group, "Whose agents")->required();
        command->add_option(
            "--stage", options_.rollout.stages,
            "10%:5m, or 'idc = \"bj1\":1h': whom, and how long to wait then; may be given again (default: 100%)");
        command->add_option("--revision", options_.rollout.revisions, "nginx=3 (default: the newest of each)");
        command->add_option("--failed-max", options_.rollout.failed_max_percent, "% that may fail before it reverts");
        command->add_option("--silent-max", options_.rollout.silent_max_percent, "% that may fall silent");
        add_watch(command, "Show its progress until it has ended; exit code 1 if it did not go well");

        command = add(*rollout, "status", "Show all rollouts, or one",
                      [this](auto& center) { return show_rollouts(center, options_.name, options_.output); });
        command->add_option("ID", options_.name, "One of them");
        add_watch(command, "Show its progress until it has ended; exit code 1 if it did not go well");

        for (const auto& [name, about] :
             {std::pair{"pause", "Reach no further agents for now"}, std::pair{"resume", "Go on"},
              std::pair{"abort", "Stop here: those that were reached keep what they have"},
              std::pair{"revert", "Give everybody back what was before"}}) {
            command = add(*rollout, name, about, [this, action = std::string(name)](auto& center) {
                return move_rollout(center, options_.name, action, options_.output);
            });
            command->add_option("ID", options_.name, "The rollout")->required();
        }
    }

    void add_tokens() {
        auto* token = app_.add_subcommand("token", "Tokens of operators, and for agents to enrol");
        token->require_subcommand(1);
        auto* command = add(*token, "create", "Make a token; its secret is shown once",
                            [this](auto& center) { return create_token(center, options_.token, options_.output); });
        command->add_option("--kind", options_.token.kind, "enrolment or operator")
            ->capture_default_str()
            ->check(CLI::IsMember({"enrolment", "operator"}));
        command->add_option("--name", options_.token.name, "What the audit log calls the operator");
        command->add_option("--role", options_.token.role, "An operator's: viewer (the default), editor or admin");
        command->add_option("--group", options_.token.group, "The group of agents that enrol with it");
        command->add_option("--uses", options_.token.uses, "How many agents may enrol with it (default: any number)")
            ->check(CLI::PositiveNumber);
        command->add_option("--expires", options_.token.expires, "After what time, 24h say (default: never)");
        command = add(*token, "list", "Show all tokens",
                      [this](auto& center) { return list_tokens(center, options_.output); });
        command = add(*token, "revoke", "Delete a token",
                      [this](auto& center) { return revoke_token(center, options_.name, options_.output); });
        command->add_option("ID", options_.name, "Its id")->required();
    }

    CLI::App app_;
    Options options_;
    Command command_;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        return CommandLine().run(argc, argv);
    } catch (const std::exception& odd) {  // an answer, or a folder, that is not what it should be
        return complain(odd.what(), kExitFailure);
    }
}
