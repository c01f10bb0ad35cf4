// [pipelines.sink].
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/config/fields.h"
#include "common/config/sections.h"
#include "common/process/template.h"

namespace config {

namespace {

constexpr std::string_view kSamplePath = "/file.log";
constexpr std::string_view kSampleField = "x";
constexpr std::size_t kHeaderTemplatesMax = 16;
constexpr std::size_t kHeaderNameBytesMax = 128;

using process::Template;

// What a template of a sink is checked against: everything that is known before any file is.
struct Around {
    const Value& sink;
    const PipelineConfig& pipeline;
    const Config& config;
    Problems& problems;
};

std::optional<Template> parse_template(const Value& value, Template::Scope scope, const Around& around) {
    auto parsed = Template::parse(value.text, around.config.agent.labels, scope);
    if (parsed) return std::move(*parsed);
    around.problems.add(value, parsed.error().message);
    return std::nullopt;
}

std::optional<Template> parse_member(std::string_view name, Template::Scope scope, const Around& around) {
    const auto* value = usable(around.sink, name);
    if (!value || value->text.empty()) return std::nullopt;
    return parse_template(*value, scope, around);
}

// For a file and a record of harmless names: so the literal text, labels and names in it can be checked.
std::string fill_sample(const Template& text, const Around& around) {
    return text.fill({.host = around.config.agent.name,
                      .pipeline = around.pipeline.name,
                      .path = kSamplePath,
                      .file_id = {},
                      .labels = &around.config.agent.labels},
                     kSampleField);
}

void check_cluster(const Around& around) {
    const auto* value = usable(around.sink, "cluster");
    if (!value || around.config.clusters.contains(value->text)) return;
    std::vector<std::string_view> known;
    known.reserve(around.config.clusters.size());
    for (const auto& [name, cluster] : around.config.clusters) known.push_back(name);
    const auto near = base::nearest(value->text, known);
    around.problems.add(*value, near ? fmt::format("no cluster is named {} (did you mean \"{}\"?)",
                                                   base::quote(value->text), near->word)
                                     : fmt::format("no cluster is named {} (add [clusters.{}] with brokers)",
                                                   base::quote(value->text), value->written));
}

// Of a topic that records decide on, so that none of them is without one.
void read_fallback_topic(const Around& around, const Template& topic, SinkConfig& config) {
    const auto& sink = around.sink;
    take(sink, "fallback_topic", config.fallback_topic);
    if (topic.reads_record() && !is_given(sink, "fallback_topic"))
        around.problems.add_missing(sink, "fallback_topic",
                                    "is missing (topic names fields, which not every record may have: "
                                    "fallback_topic = \"unrouted\")");
    const auto* value = usable(sink, "fallback_topic");
    if (!value || value->text.empty()) return;
    if (!topic.reads_record())
        around.problems.add(*value, "is not used (leave it out, or name a field in topic: \"logs-{fields.level}\")");
    else if (config.fallback_topic.contains('{'))
        around.problems.add(*value, "is no template (write a topic's name: \"unrouted\")");
    else if (const auto complaint = check_topic(config.fallback_topic))
        around.problems.add(*value, *complaint);
}

void read_key(const Around& around, SinkConfig& config) {
    const auto& sink = around.sink;
    take(sink, "key", config.key);
    (void)parse_member("key", Template::Scope::record, around);
    const auto* partition = sink.find("partition");
    if (partition && partition->is_broken) return;
    if (config.partition == Partition::key && !is_given(sink, "key"))
        around.problems.add_missing(sink, "key", "is missing (partition = \"key\" needs it: key = \"{path}\")");
    if (config.partition != Partition::key && is_given(sink, "key"))
        around.problems.add(*sink.find("key"), "is not used (leave it out, or write partition = \"key\")");
}

void read_kafka(const Around& around, SinkConfig& config) {
    const auto& [sink, pipeline, all, problems] = around;
    take(sink, "cluster", config.cluster);
    take(sink, "topic", config.topic);
    take_choice(sink, "partition", "pipelines.sink.partition", config.partition);
    if (!is_given(sink, "cluster"))
        problems.add_missing(sink, "cluster", "is missing (write a name out of [clusters])");
    if (is_given(sink, "cluster")) check_cluster(around);
    if (!is_given(sink, "topic")) problems.add_missing(sink, "topic", "is missing (write topic = \"raw-nginx\")");
    const auto topic = parse_member("topic", Template::Scope::record, around);
    if (topic && !pipeline.name.empty()) {
        if (const auto complaint = check_topic(fill_sample(*topic, around)))
            problems.add(*sink.find("topic"), *complaint);
    }
    if (topic) read_fallback_topic(around, *topic, config);
    read_key(around, config);
}

void read_on_reject(const Value& sink, SinkConfig& config, Problems& problems) {
    take_choice(sink, "on_reject", "pipelines.sink.on_reject", config.on_reject);
    take(sink, "dead_letter_topic", config.dead_letter_topic);
    const auto* on_reject = sink.find("on_reject");
    if (on_reject && on_reject->is_broken) return;
    if (config.on_reject != OnReject::dead_letter) {
        if (is_given(sink, "dead_letter_topic"))
            problems.add(*sink.find("dead_letter_topic"),
                         "is not used (leave it out, or write on_reject = \"dead_letter\")");
        return;
    }
    if (!is_given(sink, "dead_letter_topic")) {
        problems.add_missing(sink, "dead_letter_topic",
                             "is missing (on_reject = \"dead_letter\" needs it: dead_letter_topic = \"rejected\")");
        return;
    }
    const auto& topic = *sink.find("dead_letter_topic");
    if (topic.is_broken) return;
    if (const auto complaint = check_topic(config.dead_letter_topic)) problems.add(topic, *complaint);
    if (config.dead_letter_topic == config.topic)
        problems.add(topic, "is the topic that rejects them (name another one)");
    if (config.dead_letter_topic == config.fallback_topic)
        problems.add(topic, "is the fallback topic, which may reject them (name another one)");
}

void read_headers(const Value& sink, SinkConfig& config) {
    std::vector<std::string> names;
    take(sink, "headers", names);
    const auto& choices = find_key("pipelines.sink.headers")->choices;
    const auto append = [&](Header header) {
        if (std::ranges::find(config.headers, header) == config.headers.end()) config.headers.push_back(header);
    };
    for (const auto& name : names) {
        if (name == "ledger") {
            for (const auto header : {Header::file_id, Header::offset, Header::end, Header::session}) append(header);
        } else {
            append(static_cast<Header>(std::ranges::find(choices, name) - choices.begin()));
        }
    }
}

void read_header_templates(const Around& around, SinkConfig& config) {
    const auto* table = usable(around.sink, "header_templates");
    if (!table) return;
    if (table->items.size() > kHeaderTemplatesMax)
        around.problems.add(*table,
                            fmt::format("has {} headers (at most {})", table->items.size(), kHeaderTemplatesMax));
    const auto& choices = find_key("pipelines.sink.headers")->choices;
    for (const auto& one : table->items) {
        if (one.is_broken) continue;
        if (one.name.empty() || one.name.size() > kHeaderNameBytesMax)
            around.problems.add_unknown(
                one, fmt::format("is no name of a header (write one of 1 to {} bytes)", kHeaderNameBytesMax));
        const bool is_there = std::ranges::any_of(
            config.headers, [&](Header header) { return choices[static_cast<std::size_t>(header)] == one.name; });
        if (is_there) around.problems.add_unknown(one, "is among headers already (leave it out here or there)");
        if (one.text.empty()) around.problems.add(one, "is empty (write a template: \"{fields.level}\")");
        if (parse_template(one, Template::Scope::record, around))
            config.header_templates.emplace_back(one.name, one.text);
    }
}

void read_file(const Around& around, SinkConfig& config) {
    take(around.sink, "path", config.path);
    if (!is_given(around.sink, "path")) {
        around.problems.add_missing(around.sink, "path", "is missing (write path = \"/var/spool/{path.name}\")");
    }
    const auto parsed = parse_member("path", Template::Scope::file, around);
    if (!parsed) return;
    const auto path = fill_sample(*parsed, around);
    const auto& value = *around.sink.find("path");
    if (const auto complaint = check_absolute_path(path)) {
        around.problems.add(value,
                            fmt::format("{} is not an absolute path (begin it with /)", base::quote(value.text)));
    } else if (path.ends_with('/')) {
        around.problems.add(value, fmt::format("{} is a folder (write the name of a file)", base::quote(value.text)));
    }
}

void read_template(const Around& around, SinkConfig& config) {
    take(around.sink, "template", config.text);
    const auto* encoding = around.sink.find("encoding");
    if (encoding && encoding->is_broken) return;
    const auto* value = usable(around.sink, "template");
    if (config.encoding != Encoding::text) {
        if (is_given(around.sink, "template") && value)
            around.problems.add(*value, "is not used (leave it out, or write encoding = \"template\")");
        return;
    }
    if (!is_given(around.sink, "template"))
        around.problems.add_missing(around.sink, "template",
                                    "is missing (encoding = \"template\" needs it: template = \"{host} {line}\")");
    if (!value || value->text.empty()) return;
    (void)parse_template(*value, Template::Scope::record, around);
}

void refuse_foreign_keys(const Value& sink, SinkType type, Problems& problems) {
    constexpr std::array<std::pair<std::string_view, SinkType>, 10> kOwners = {{{"cluster", SinkType::kafka},
                                                                                {"topic", SinkType::kafka},
                                                                                {"fallback_topic", SinkType::kafka},
                                                                                {"partition", SinkType::kafka},
                                                                                {"key", SinkType::kafka},
                                                                                {"headers", SinkType::kafka},
                                                                                {"header_templates", SinkType::kafka},
                                                                                {"on_reject", SinkType::kafka},
                                                                                {"dead_letter_topic", SinkType::kafka},
                                                                                {"path", SinkType::file}}};
    const auto& types = find_key("pipelines.sink.type")->choices;
    for (const auto& [name, owner] : kOwners) {
        const auto* value = sink.find(name);
        if (owner == type || !is_given(sink, name) || value->is_broken) continue;
        if (show_toml(*value) == find_key(fmt::format("pipelines.sink.{}", name))->fallback) continue;
        problems.add_unknown(
            *value, fmt::format("does not apply to a sink of type \"{}\" (leave it out, or write type = \"{}\")",
                                types.at(static_cast<std::size_t>(type)), types.at(static_cast<std::size_t>(owner))));
    }
}

}  // namespace

SinkConfig read_sink(const Value& pipeline, const PipelineConfig& read_so_far, const Config& config,
                     Problems& problems) {
    SinkConfig result;
    const auto* sink = pipeline.find("sink");
    if (!sink) {
        problems.add_missing(pipeline, "sink", "is missing (add [pipelines.sink] with a type)");
        return result;
    }
    if (sink->is_broken) return result;
    const auto* type = sink->find("type");
    if (!type) problems.add_missing(*sink, "type", "is missing (write one of: kafka, file, console, blackhole)");
    if (!type || type->is_broken) return result;

    const Around around{.sink = *sink, .pipeline = read_so_far, .config = config, .problems = problems};
    take_choice(*sink, "type", "pipelines.sink.type", result.type);
    take_choice(*sink, "encoding", "pipelines.sink.encoding", result.encoding);
    if (result.type == SinkType::kafka) {
        read_kafka(around, result);
        read_headers(*sink, result);
        read_header_templates(around, result);
        read_on_reject(*sink, result, problems);
    }
    if (result.type == SinkType::file) read_file(around, result);
    read_template(around, result);
    refuse_foreign_keys(*sink, result.type, problems);
    return result;
}

}  // namespace config
