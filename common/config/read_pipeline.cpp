// [[pipelines]] and their source.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/text.h"
#include "common/config/fields.h"
#include "common/config/sections.h"
#include "common/process/condition.h"
#include "common/process/multiline.h"

namespace config {

namespace {

constexpr std::uint64_t kLineBytesMin = 1ULL << 10;
constexpr std::uint64_t kLineBytesMax = 64ULL << 20;
constexpr std::chrono::milliseconds kMultilineTimeoutMin{10};
constexpr std::chrono::hours kMultilineTimeoutMax{1};
constexpr std::int32_t kMultilineLinesMax = 100'000;
constexpr std::uint64_t kLinesInMemoryMin = 4;  // so that one long line cannot take the whole budget

// Of one line or record, which must fit into the memory budget.
void check_bytes_max(const Value* value, std::uint64_t bytes, const AgentConfig& agent, Problems& problems) {
    if (!value) return;
    if (bytes < kLineBytesMin || bytes > kLineBytesMax) {
        problems.add(*value, fmt::format("{} is out of bounds (from 1KiB to 64MiB)", base::quote(value->text)));
    } else if (bytes > agent.memory_limit / kLinesInMemoryMin) {
        problems.add(*value,
                     fmt::format("{} is more than a quarter of agent.memory_limit (at most {})",
                                 base::quote(value->text), base::show_size(agent.memory_limit / kLinesInMemoryMin)));
    }
}

void check_multiline_limits(const Value& multiline, const process::MultilineOptions& options, const AgentConfig& agent,
                            Problems& problems) {
    if (const auto* value = usable(multiline, "timeout");
        value && (options.timeout < kMultilineTimeoutMin || options.timeout > kMultilineTimeoutMax))
        problems.add(*value, fmt::format("{} is out of bounds (from 10ms to 1h)", base::quote(value->text)));
    if (const auto* value = usable(multiline, "max_lines");
        value && (value->kind != Value::Kind::integer || value->integer < 2 || value->integer > kMultilineLinesMax))
        problems.add(*value, fmt::format("is out of bounds (a whole number from 2 to {})", kMultilineLinesMax));
    check_bytes_max(usable(multiline, "max_record_bytes"), options.record_bytes_max, agent, problems);
}

std::optional<process::MultilineOptions> read_multiline(const Value& source, const AgentConfig& agent,
                                                        Problems& problems) {
    const auto* multiline = usable(source, "multiline");
    if (!multiline) return std::nullopt;
    process::MultilineOptions options;
    take(*multiline, "start", options.start);
    take(*multiline, "continue", options.goes_on);
    take(*multiline, "end", options.end);
    if (usable(*multiline, "preset"))
        take_choice(*multiline, "preset", "pipelines.source.multiline.preset", options.preset.emplace());
    take(*multiline, "timeout", options.timeout);
    auto lines_max = static_cast<double>(options.lines_max);
    take(*multiline, "max_lines", lines_max);
    take(*multiline, "max_record_bytes", options.record_bytes_max);
    check_multiline_limits(*multiline, options, agent, problems);
    options.lines_max = static_cast<std::uint64_t>(std::clamp(lines_max, 2.0, double{kMultilineLinesMax}));
    const bool is_whole = std::ranges::none_of(multiline->items, &Value::is_broken);
    if (const auto made = process::Multiline::make(options); !made && is_whole)
        for (const auto& [key, message] : made.error()) {
            const auto* value = multiline->find(key);
            problems.add(value ? *value : *multiline, message);
        }
    return options;
}

// Where their logs are unless somebody moved them, with what they are rotated to; but for what was compressed.
constexpr std::array kContainerLogs = {"/var/log/pods/*/*/*.log*", "/var/lib/docker/containers/*/*-json.log*",
                                       "/var/lib/containers/storage/*-containers/*/userdata/ctr.log*"};
constexpr std::array kNoContainerLogs = {"*.gz", "*.tmp"};

// What is known of a container before its log is read; agent/discover/container_fields.h has where from.
constexpr std::array<std::string_view, 11> kContainerNames = {
    "container.id",   "container.name", "container.image",    "container.labels",     "kubernetes.namespace",
    "kubernetes.pod", "path",           "kubernetes.pod_uid", "kubernetes.container", "path.name",
    "path.dir"};

Complaint check_where(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto parsed = process::Condition::parse(text);
    if (!parsed) return parsed.error().message;
    for (const auto& name : parsed->names()) {
        const auto& word = name.spelling();
        if (std::ranges::find(kContainerNames, word) != kContainerNames.end() ||
            (name.is_field() && word.starts_with("container.labels.")))
            continue;
        const auto near = base::nearest(word, kContainerNames);
        return fmt::format("{} is not known of a container (did you mean \"{}\"? There are: {})", base::quote(word),
                           near->word, fmt::join(kContainerNames, ", "));
    }
    return std::nullopt;
}

void read_container(const Value& source, FileSourceConfig& config, Problems& problems) {
    take_choice(source, "type", "pipelines.source.type", config.type);
    take(source, "where", config.where);
    if (const auto* type = source.find("type"); type && type->is_broken) return;  // what follows from it is not known
    if (config.type == SourceType::container) {
        if (!is_given(source, "include")) {
            config.include.assign(kContainerLogs.begin(), kContainerLogs.end());
            if (!is_given(source, "exclude")) config.exclude.assign(kNoContainerLogs.begin(), kNoContainerLogs.end());
        }
        if (const auto* value = usable(source, "encoding"); value && config.encoding != TextEncoding::utf8)
            problems.add(*value, "is not for containers, whose logs are UTF-8 (leave it out)");
        if (const auto* value = usable(source, "invalid_bytes"); value && config.invalid_bytes != InvalidBytes::keep)
            problems.add(*value, "is not for containers, whose logs pass as they are (leave it out)");
        return;
    }
    if (!is_given(source, "include"))
        problems.add_missing(source, "include", "is missing (write include = [\"/var/log/app/*.log\"])");
    if (const auto* where = usable(source, "where"); where && !config.where.empty())
        problems.add(*where, "is for type = \"container\" (a filter processor has where, too)");
}

FileSourceConfig read_source(const Value& pipeline, const AgentConfig& agent, Problems& problems) {
    FileSourceConfig config;
    const auto* source = pipeline.find("source");
    if (!source) {
        problems.add_missing(pipeline, "source", "is missing (add [pipelines.source] with include)");
        return config;
    }
    if (source->is_broken) return config;
    take(*source, "include", config.include);
    take(*source, "exclude", config.exclude);
    take_choice(*source, "start_at", "pipelines.source.start_at", config.start_at);
    take(*source, "read_rotated", config.read_rotated);
    take(*source, "max_line_bytes", config.max_line_bytes);
    take_choice(*source, "long_line", "pipelines.source.long_line", config.long_line);
    take_choice(*source, "encoding", "pipelines.source.encoding", config.encoding);
    take_choice(*source, "invalid_bytes", "pipelines.source.invalid_bytes", config.invalid_bytes);
    config.multiline = read_multiline(*source, agent, problems);
    take_choice(*source, "priority", "pipelines.source.priority", config.priority);
    take(*source, "rate_limit", config.rate_limit);
    read_container(*source, config, problems);
    if (config.type == SourceType::container) hold(*source, "where", check_where, problems);
    hold(*source, "include", check_include_glob, problems);
    hold(*source, "exclude", check_exclude_glob, problems);
    check_bytes_max(usable(*source, "max_line_bytes"), config.max_line_bytes, agent, problems);
    return config;
}

std::string read_name(const Value& pipeline, std::map<std::string, std::uint32_t>& taken, Problems& problems) {
    std::string name;
    take(pipeline, "name", name);
    const auto* value = pipeline.find("name");
    if (!value) {
        problems.add_missing(pipeline, "name", "is missing (write name = \"nginx\")");
        return name;
    }
    if (value->is_broken) return name;
    hold(pipeline, "name", check_name, problems);
    const auto [other, is_first] = taken.try_emplace(name, value->at.line);
    if (!is_first) {
        problems.add(*value, fmt::format("{} is the name of the pipeline in line {} already (choose another)",
                                         base::quote(name), other->second));
    }
    return name;
}

}  // namespace

std::vector<PipelineConfig> read_pipelines(const Value& root, const Config& config, Problems& problems) {
    std::vector<PipelineConfig> pipelines;
    std::map<std::string, std::uint32_t> taken;
    const auto* list = usable(root, "pipelines");
    if (!list) return pipelines;
    for (const auto& item : list->items) {
        if (item.is_broken) continue;
        PipelineConfig pipeline;
        pipeline.name = read_name(item, taken, problems);
        take(item, "enabled", pipeline.enabled);
        pipeline.source = read_source(item, config.agent, problems);
        pipeline.processors = read_processors(item, config.agent.labels, problems);
        pipeline.sink = read_sink(item, pipeline, config, problems);
        pipelines.push_back(std::move(pipeline));
    }
    return pipelines;
}

}  // namespace config
