// A folder as the source of truth: the plan, then its steps.
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <set>
#include <utility>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include "center/ctl/answers.h"
#include "center/ctl/commands.h"
#include "center/ctl/resources.h"
#include "center/ctl/table.h"
#include "center/model/text_diff.h"

namespace center::ctl {

namespace json = boost::json;

namespace {

constexpr int kNotFound = 404;

enum class Change { none, made, changed, removed };

struct Step {
    Resource resource;
    Change change = Change::none;
    std::string before;  // as `resource.body`
};

using Steps = std::expected<std::vector<Step>, CallError>;

std::string_view word_of(Change change) {
    switch (change) {
        case Change::none:
            return "unchanged";
        case Change::made:
            return "new";
        case Change::changed:
            return "changed";
        case Change::removed:
            return "removed";
    }
    return "";
}

json::value member(const json::value& object, std::string_view name, const json::value& otherwise) {
    const auto* found = object.is_object() ? object.as_object().if_contains(name) : nullptr;
    return found ? *found : otherwise;
}

json::array sorted(const json::value& list) {
    auto items = list.is_array() ? list.as_array() : json::array{list};
    std::ranges::sort(items, {}, [](const auto& item) { return json::serialize(item); });
    return items;
}

// Whether what the center has is what is wanted; it shows more than what was put.
bool is_same(Resource::Kind kind, const json::value& there, const json::value& wanted) {
    if (kind == Resource::Kind::group)
        return member(there, "selector", "") == member(wanted, "selector", "") &&
               sorted(member(there, "pipelines", json::array())) == sorted(member(wanted, "pipelines", json::array()));
    const auto same = [&](std::string_view name, const json::value& otherwise) {
        return member(there, name, otherwise) == member(wanted, name, otherwise);
    };
    return same("brokers", json::array()) && same("properties", json::object()) && same("delivery", "at_least_once");
}

bool is_same(const Resource& resource, const std::string& there) {
    if (resource.kind == Resource::Kind::pipeline) return there == resource.body;
    boost::system::error_code no_json;
    const auto answer = json::parse(there, no_json);
    return !no_json && is_same(resource.kind, answer, json::parse(resource.body));
}

std::expected<Step, CallError> compare(ApiClient& center, Resource resource) {
    auto there = center.text(resource.path());
    if (!there && there.error().status != kNotFound) return std::unexpected(std::move(there.error()));
    Step step{.resource = std::move(resource), .change = Change::none, .before = there.value_or("")};
    if (!there) {
        step.change = Change::made;
    } else if (!is_same(step.resource, *there)) {
        step.change = Change::changed;
    }
    return step;
}

// What the center has beyond the files, in the order in which it can be removed.
std::expected<std::vector<Step>, CallError> surplus(ApiClient& center, const std::vector<Step>& wanted) {
    std::set<std::string> kept;
    for (const auto& step : wanted) kept.insert(step.resource.path());
    std::vector<Step> steps;
    for (const auto kind : {Resource::Kind::group, Resource::Kind::pipeline, Resource::Kind::cluster}) {
        Resource resource{.kind = kind, .name = {}, .body = {}, .file = {}};
        const auto listed = center.get(std::string(resource.kind_word()) + "s");
        if (!listed) return std::unexpected(listed.error());
        for (const auto& one : list_in(*listed)) {
            resource.name = one.is_string() ? std::string(one.as_string()) : cell(one, "name");
            if (!kept.contains(resource.path()))
                steps.push_back({.resource = resource, .change = Change::removed, .before = {}});
        }
    }
    return steps;
}

Steps plan_of(ApiClient& center, std::vector<Resource> resources, bool prune) {
    std::vector<Step> steps;
    for (auto& resource : resources) {
        auto step = compare(center, std::move(resource));
        if (!step) return std::unexpected(std::move(step.error()));
        steps.push_back(std::move(*step));
    }
    if (!prune) return steps;
    auto more = surplus(center, steps);
    if (!more) return std::unexpected(std::move(more.error()));
    std::ranges::move(*more, std::back_inserter(steps));
    return steps;
}

json::object said_of(const Step& step) {
    return {{"kind", step.resource.kind_word()}, {"name", step.resource.name}, {"change", word_of(step.change)}};
}

json::array plan_json(const std::vector<Step>& steps) {
    json::array plan;
    for (const auto& step : steps) plan.push_back(said_of(step));
    return plan;
}

void show_plan(const std::vector<Step>& steps) {
    std::vector<Row> rows;
    rows.reserve(steps.size());
    for (const auto& step : steps)
        rows.push_back({std::string(step.resource.kind_word()), step.resource.name, std::string(word_of(step.change)),
                        step.resource.file});
    fmt::print("{}", table({"KIND", "NAME", "CHANGE", "FILE"}, rows));
    std::fflush(stdout);
}

std::expected<json::value, CallError> take_step(ApiClient& center, const Step& step) {
    if (step.change == Change::removed) return center.remove(step.resource.path());
    return center.put(step.resource.path(), step.resource.body);
}

struct Outcome {
    json::array said;  // of each step, as --json shows it
    std::size_t planned = 0;
    std::size_t made = 0;
};

// What is wrong with a body, at its place in the file that the body was made of.
CallError in_its_file(CallError error, const Resource& resource) {
    if (resource.places.empty()) return error;
    for (auto& detail : error.details) {
        const auto member = std::string_view(detail.key).substr(0, detail.key.find_first_of(".["));
        auto place = resource.places.find(member);
        if (place == resource.places.end()) place = resource.places.find("");
        if (detail.column > 0 && place->first == detail.key)
            detail.message = fmt::format("character {}: {}", detail.column, detail.message);
        detail.line = place->second.line;
        detail.column = place->second.column;
    }
    return error;
}

// A step that is refused does not keep the others from being taken (those that lean on it are refused in their turn),
// but nothing is removed then: it may be what was to be replaced.
Outcome take_steps(ApiClient& center, const std::vector<Step>& steps) {
    Outcome outcome;
    outcome.planned = static_cast<std::size_t>(
        std::ranges::count_if(steps, [](const auto& step) { return step.change != Change::none; }));
    bool is_whole = true;
    for (const auto& step : steps) {
        if (step.change == Change::removed && !is_whole) break;
        auto& said = outcome.said.emplace_back(said_of(step)).as_object();
        if (step.change == Change::none) continue;
        const auto answer = take_step(center, step);
        if (!answer) {
            is_whole = false;
            said["error"] = answer.error().message;
            complain(fmt::format("{} {} is refused:", step.resource.kind_word(), step.resource.name), kExitFailure);
            complain(in_its_file(answer.error(), step.resource), step.resource.file);
            if (answer.error().status == 0) break;  // the center is not to be reached
            continue;
        }
        ++outcome.made;
        if (const auto revision = cell(*answer, "revision"); !revision.empty())
            said["revision"] = number(*answer, "revision");
    }
    return outcome;
}

void conclude(const Outcome& outcome) {
    if (outcome.made < outcome.planned)
        fmt::print(stderr, "venusctl: {} of {} changes made\n", outcome.made, outcome.planned);
    else if (outcome.made == 0)
        fmt::print("nothing to do\n");
    else
        fmt::print("{} change{} made; agents get pipelines by `venusctl rollout start GROUP`\n", outcome.made,
                   outcome.made == 1 ? "" : "s");
}

}  // namespace

int apply(ApiClient& center, const ApplyOptions& options, const Output& output) {
    auto resources = read_resources(options.path);
    if (!resources) return complain(resources.error().message, kExitBadInput);
    const auto steps = plan_of(center, std::move(*resources), options.prune);
    if (!steps) return complain(steps.error());
    if (!output.json) show_plan(*steps);
    if (options.dry_run) {
        if (output.json) print_json(plan_json(*steps));
        return kExitOk;
    }
    const auto outcome = take_steps(center, *steps);
    if (output.json)
        print_json(outcome.said);
    else
        conclude(outcome);
    return outcome.made == outcome.planned ? kExitOk : kExitFailure;
}

int diff_files(ApiClient& center, const std::string& path, const Output& output) {
    auto resources = read_resources(path);
    if (!resources) return complain(resources.error().message, kExitBadInput);
    const auto steps = plan_of(center, std::move(*resources), false);
    if (!steps) return complain(steps.error());
    json::array all;
    for (const auto& step : *steps) {
        if (step.change == Change::none) continue;
        const auto name = fmt::format("{} {}", step.resource.kind_word(), step.resource.name);
        const auto diff = model::unified_diff(step.before, step.resource.body, name + " at the center",
                                              fmt::format("{} in {}", name, step.resource.file));
        all.push_back(said_of(step));
        all.back().as_object()["diff"] = diff;
        if (!output.json) fmt::print("{}", is_terminal(STDOUT_FILENO) ? coloured(diff) : diff);
    }
    if (output.json) print_json(all);
    return kExitOk;
}

}  // namespace center::ctl
