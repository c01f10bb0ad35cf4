// The commands about rollouts.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <thread>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include "center/ctl/answers.h"
#include "center/ctl/commands.h"
#include "center/ctl/table.h"

namespace center::ctl {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds kLook{1};  // how often --watch asks
constexpr int kUnansweredMax = 60;        // looks, until a center that is away is given up

// "10%:5m", "10%", "LABELS:1h": the hold time is what follows the last colon.
base::Result<json::object> stage_of(const std::string& text) {
    json::object stage;
    auto whom = text;
    if (const auto colon = text.rfind(':'); colon != std::string::npos) {
        stage["hold"] = text.substr(colon + 1);
        whom = text.substr(0, colon);
    }
    if (whom.empty()) return base::fail("--stage {}: nobody is named (write 10%:5m, or 'idc = \"bj1\":5m')", text);
    if (whom.find_first_not_of("0123456789.") == std::string::npos)
        return base::fail("--stage {}: {} of what? (write {}%)", text, whom, whom);
    if (!whom.ends_with('%')) {
        stage["selector"] = whom;
        return stage;
    }
    double percent = 0;
    const auto* end = whom.data() + whom.size() - 1;
    if (const auto [at, error] = std::from_chars(whom.data(), end, percent); error != std::errc() || at != end)
        return base::fail("--stage {}: {} is no share (write 10%)", text, whom);
    stage["percent"] = percent;
    return stage;
}

base::Result<json::object> body_of(const RolloutOptions& options) {
    json::object body{{"group", options.group}};
    json::array stages;
    for (const auto& text : options.stages) {
        auto stage = stage_of(text);
        if (!stage) return std::unexpected(stage.error());
        stages.push_back(std::move(*stage));
    }
    if (stages.empty()) stages.push_back(json::object{{"percent", 100}});
    body["stages"] = std::move(stages);
    json::object revisions;
    for (const auto& text : options.revisions) {
        const auto equal = text.find('=');
        std::uint64_t revision = 0;
        const auto* end = text.data() + text.size();
        if (equal == std::string::npos || std::from_chars(text.data() + equal + 1, end, revision).ptr != end ||
            revision == 0)
            return base::fail("--revision {}: no pipeline and revision (write nginx=3)", text);
        revisions[text.substr(0, equal)] = revision;
    }
    if (!revisions.empty()) body["revisions"] = std::move(revisions);
    json::object gate;
    if (options.failed_max_percent) gate["failed_max_percent"] = *options.failed_max_percent;
    if (options.silent_max_percent) gate["silent_max_percent"] = *options.silent_max_percent;
    if (!gate.empty()) body["gate"] = std::move(gate);
    return body;
}

std::string line_of(const json::value& rollout) {
    auto line = fmt::format("rollout {} of {}: {}, stage {}, offered {}, applied {}, failed {}", cell(rollout, "id"),
                            cell(rollout, "group"), cell(rollout, "state"), cell(rollout, "stage"),
                            cell(rollout, "offered"), cell(rollout, "applied"), cell(rollout, "failed"));
    if (const auto reason = cell(rollout, "reason"); !reason.empty()) line += ": " + reason;
    return line;
}

bool has_ended(const json::value& rollout) {
    const auto state = cell(rollout, "state");
    return state == "done" || state == "reverted" || state == "aborted";
}

int verdict_on(const json::value& rollout) {
    const auto state = cell(rollout, "state");
    return state == "reverted" || state == "aborted" ? kExitFailure : kExitOk;
}

// One line that changes on a terminal, elsewhere a line for each change.
int watch(ApiClient& center, const std::string& id, const Output& output) {
    std::string before;
    int unanswered = 0;
    const bool in_place = is_terminal(STDOUT_FILENO) && !output.json;
    while (true) {
        const auto rollout = center.get("rollouts/" + escaped(id));
        if (!rollout && rollout.error().status == 0 && ++unanswered < kUnansweredMax) {  // it may be restarting
            if (unanswered == 1) complain(rollout.error());
            std::this_thread::sleep_for(kLook);
            continue;
        }
        if (!rollout) return complain(rollout.error());
        unanswered = 0;
        const auto line = output.json ? json::serialize(*rollout) : line_of(*rollout);
        if (line != before) {
            fmt::print("{}{}{}", in_place ? "\r\x1b[K" : "", line, in_place ? "" : "\n");
            std::fflush(stdout);
            before = line;
        }
        if (has_ended(*rollout)) {
            if (in_place) fmt::print("\n");
            if (number(*rollout, "offered") == 0)
                fmt::print(stderr, "venusctl: nobody was offered anything: no agent that is known is in the group\n");
            return verdict_on(*rollout);
        }
        std::this_thread::sleep_for(kLook);
    }
}

}  // namespace

int start_rollout(ApiClient& center, const RolloutOptions& options, const Output& output) {
    const auto body = body_of(options);
    if (!body) return complain(body.error().message, kExitBadInput);
    const auto started = center.post("rollouts", json::serialize(*body));
    if (!started) return complain(started.error());
    if (output.watch) return watch(center, cell(*started, "id"), output);
    if (output.json)
        print_json(*started);
    else
        fmt::print("{}\n", line_of(*started));
    return kExitOk;
}

int show_rollouts(ApiClient& center, const std::string& id, const Output& output) {
    if (output.watch && !id.empty()) return watch(center, id, output);
    const auto answer = center.get(id.empty() ? "rollouts" : "rollouts/" + escaped(id));
    if (!answer) return complain(answer.error());
    if (output.json) {
        print_json(*answer);
        return kExitOk;
    }
    if (!id.empty()) {
        fmt::print("{}\n", line_of(*answer));
        return kExitOk;
    }
    std::vector<Row> rows;
    for (const auto& one : list_in(*answer))
        rows.push_back({cell(one, "id"), cell(one, "group"), cell(one, "state"), cell(one, "stage"),
                        cell(one, "offered"), cell(one, "applied"), cell(one, "failed"), cell(one, "reason")});
    fmt::print("{}", table({"ID", "GROUP", "STATE", "STAGE", "OFFERED", "APPLIED", "FAILED", "REASON"}, rows));
    return kExitOk;
}

int move_rollout(ApiClient& center, const std::string& id, const std::string& action, const Output& output) {
    const auto moved = center.post(fmt::format("rollouts/{}/{}", escaped(id), action), "");
    if (!moved) return complain(moved.error());
    if (output.json)
        print_json(*moved);
    else
        fmt::print("{}\n", line_of(*moved));
    return kExitOk;
}

}  // namespace center::ctl
