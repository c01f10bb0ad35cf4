#include "common/config/keys.h"

#include <algorithm>

namespace config {

namespace {

using enum KeyType;

std::vector<KeySpec> host_keys() {
    return {
        {"agent", table, "", "", "the agent itself"},
        {"agent.data_dir", text, R"("/var/lib/venus-agent")", "path", "checkpoints; one agent a directory"},
        {"agent.name", text, R"("")", "", "how the agent calls itself; empty: the host name"},
        {"agent.labels", text_map, "{}", "", "words about this host, for {labels.x} in templates"},
        {"agent.admin_socket", text, R"("/run/venus-agent/admin.sock")", "path",
         "Unix socket of status and checkpoints"},
        {"agent.metrics_listen", text, R"("127.0.0.1:9598")", "host:port", "/metrics, /healthz, /readyz; empty: off"},
        {"agent.memory_limit", size, R"("128MiB")", "bytes", "read but not yet acknowledged, over all pipelines"},
        {"agent.cpu_limit", number, "0", "cores", "beyond, nothing is read; 0: none"},
        {"agent.rate_limit", rate, R"("")", "per second", "of all pipelines; empty: none"},
        {"agent.deleted_bytes_max", size, R"("0B")", "bytes on disk",
         "of deleted files that are still read; beyond, the first deleted is given up; 0B: no limit"},
        {"agent.checkpoint_retention", duration, R"("168h")", "time",
         "how long the checkpoint of a missing file is kept"},
        {"agent.shutdown_timeout", duration, R"("10s")", "time", "how long SIGTERM waits for acknowledgements"},
        {"agent.allow_paths", texts, R"(["/var/log/**"])", "globs", "what a central config may read"},
        {"agent.allow_sink_paths", texts, R"(["/var/log/**", "/tmp/**", "/var/tmp/**"])", "globs",
         "where a file sink of a central config may write"},
        {"agent.secrets_dir", text, R"("/etc/venus-agent/secrets")", "path",
         "where ${file:…} of a central config leads"},
        {"log", table, "", "", "the agent's own log, on stderr"},
        {"log.level", text, R"("info")", "", "the least that is logged", {"trace", "debug", "info", "warn", "error"}},
        {"log.format", text, R"("text")", "", "text for people, json for machines", {"text", "json"}},
        {"center", table, "", "", "the central config server; without it the agent runs on this file alone"},
        {"center.endpoint", text_or_texts, "", "URL", "where it is; several are tried in turn"},
        {"center.token", text, R"("")", "", "of enrolment; it becomes a credential of this agent's own"},
        {"center.heartbeat_interval", duration, R"("30s")", "time", "until the center says otherwise"},
        {"center.ca_file", text, R"("")", "path", "whom to trust, PEM; empty: what the system trusts"},
        {"center.cert_file", text, R"("")", "path", "the agent's certificate, PEM, with key_file: mTLS"},
        {"center.key_file", text, R"("")", "path", "its private key, PEM"},
        {"center.verify_key", text, R"("")", "", "an Ed25519 public key; set: other configs are refused"},
        {"center.probation", duration, R"("60s")", "time", "how long a config must run before it is kept"},
        {"clusters", named_tables, "{}", "", "Kafka clusters, by name"},
        {"clusters.NAME.brokers", texts, "", "host:port", "some of its brokers; the rest are found through them"},
        {"clusters.NAME.properties", scalar_map, "{}", "", "any librdkafka property"},
        {"clusters.NAME.delivery",
         text,
         R"("at_least_once")",
         "",
         "duplicates after a crash, or none",
         {"at_least_once"},
         {"exactly_once"}},
    };
}

std::vector<KeySpec> source_keys() {
    return {
        {"pipelines", tables, "[]", "", "each one source, its processors and one sink"},
        {"pipelines.name", text, "", "", "letters, digits, . _ -; at most 128"},
        {"pipelines.enabled", boolean, "true", "", "false: checked, but not run"},
        {"pipelines.source", table, "", "", "where records come from"},
        {"pipelines.source.type", text, R"("file")", "", "the kind of source", {"file", "container"}},
        {"pipelines.source.include", texts, "", "globs",
         "absolute; ** crosses folders; of containers: where Docker, the kubelet and podman write"},
        {"pipelines.source.exclude", texts, "[]", "globs",
         "without a slash for the file name, else for the whole path"},
        {"pipelines.source.where", text, R"("")", "condition",
         "container: which ones, by their fields: kubernetes.namespace == \"shop\""},
        {"pipelines.source.start_at",
         text,
         R"("beginning")",
         "",
         "for files never seen before, when the agent starts",
         {"beginning", "end"}},
        {"pipelines.source.read_rotated", boolean, "false", "",
         "true: what is unread of a rotated file is read even if it was compressed (.gz, .zst) meanwhile"},
        {"pipelines.source.max_line_bytes", size, R"("1MiB")", "bytes", "a longer line is a long line"},
        {"pipelines.source.long_line",
         text,
         R"("split")",
         "",
         "what becomes of a long line",
         {"split", "truncate", "skip"}},
        {"pipelines.source.encoding",
         text,
         R"("utf-8")",
         "",
         "of the file; records are UTF-8. auto: by its byte order mark, else utf-8",
         {"utf-8", "gbk", "gb18030", "utf-16le", "utf-16be", "latin1", "auto"}},
        {"pipelines.source.invalid_bytes",
         text,
         R"("keep")",
         "",
         "in UTF-8: keep passes them on, replace writes U+FFFD for each",
         {"keep", "replace"}},
        {"pipelines.source.multiline", table, "", "", "joins lines to records"},
        {"pipelines.source.multiline.start", text, "", "pattern", "such a line begins a record"},
        {"pipelines.source.multiline.continue", text, "", "pattern", "such a line belongs to the record before it"},
        {"pipelines.source.multiline.end", text, "", "pattern", "such a line ends its record"},
        {"pipelines.source.multiline.preset",
         text,
         "",
         "",
         "joins stack traces to what they were logged with",
         {"java", "python", "go", "dotnet"}},
        {"pipelines.source.multiline.timeout", duration, R"("1s")", "time",
         "without another line, until a record is complete"},
        {"pipelines.source.multiline.max_lines", number, "1000", "lines", "of a record; more begin another one"},
        {"pipelines.source.multiline.max_record_bytes", size, R"("1MiB")", "bytes",
         "of a record; more begin another one"},
        {"pipelines.source.priority",
         text,
         R"("normal")",
         "",
         "who reads first when memory, CPU or rate are short",
         {"high", "normal", "low"}},
        {"pipelines.source.rate_limit", rate, R"("")", "per second", "empty: none"},
    };
}

std::vector<KeySpec> processor_keys() {
    return {
        {"pipelines.processors", tables, "[]", "", "what changes or drops records, one after the other"},
        {"pipelines.processors.type",
         text,
         "",
         "",
         "what it does",
         {"filter", "sample", "parse", "timestamp", "set", "rename", "remove", "keep", "convert", "redact"}},
        {"pipelines.processors.name", text, "", "", "for metrics; the type, unless given"},
        {"pipelines.processors.when", text, "", "condition", "else the record passes untouched"},
        {"pipelines.processors.include", text_or_texts, "", "patterns", "filter: one must be in the line"},
        {"pipelines.processors.exclude", text_or_texts, "", "patterns", "filter: none may be"},
        {"pipelines.processors.where", text, "", "condition", "filter: must hold"},
        {"pipelines.processors.rate", number, "", "0 to 1", "sample: the share that is kept"},
        {"pipelines.processors.key", text, "", "template", "sample: records of one key have one fate"},
        {"pipelines.processors.add_rate", boolean, "", "", "sample: as the field sample_rate"},
        {"pipelines.processors.format",
         text,
         "",
         "",
         "parse: of the text",
         {"json", "regex", "logfmt", "csv", "nginx", "apache", "syslog"}},
        {"pipelines.processors.pattern", text, "", "pattern", "parse as regex: its named groups; redact: what to find"},
        {"pipelines.processors.columns", texts, "", "names", "parse as csv: the fields, in order"},
        {"pipelines.processors.field", text, "", "field", "parse, timestamp: the text; the line, unless given"},
        {"pipelines.processors.into", text, "", "field", "parse: where the fields go; the top, unless given"},
        {"pipelines.processors.on_error", text, "", "", "parse: keep (with parse_error) or drop", {"keep", "drop"}},
        {"pipelines.processors.formats", texts, "", "formats", "timestamp: tried in turn"},
        {"pipelines.processors.zone", text, "", "time zone", "timestamp: of times that name none; UTC, unless given"},
        {"pipelines.processors.future_max", duration, "", "time", "timestamp: a time further ahead is not believed"},
        {"pipelines.processors.fields", any, "", "", "a table of names, or a list of them"},
        {"pipelines.processors.preset", text, "", "", "redact: what to find", {"card", "phone", "email", "bearer"}},
        {"pipelines.processors.replacement", text, "", "", "redact: what takes its place; ***, unless given"},
        {"pipelines.processors.hash_key", text, "", "", "redact: a keyed hash takes its place"},
    };
}

std::vector<KeySpec> sink_keys() {
    return {
        {"pipelines.sink", table, "", "", "where records go"},
        {"pipelines.sink.type", text, "", "", "the kind of sink", {"kafka", "file", "console", "blackhole"}},
        {"pipelines.sink.cluster", text, "", "", "kafka: a name out of [clusters]"},
        {"pipelines.sink.topic", text, "", "template", "kafka: where to"},
        {"pipelines.sink.fallback_topic", text, R"("")", "",
         "kafka: where `topic` reads fields, of records that have none of these or lead to no topic"},
        {"pipelines.sink.partition",
         text,
         R"("file")",
         "",
         "kafka: file keeps each file's order",
         {"file", "sticky", "key"}},
        {"pipelines.sink.key", text, R"("")", "template", "kafka: with partition = \"key\""},
        {"pipelines.sink.path", text, "", "template", "file: absolute"},
        {"pipelines.sink.encoding",
         text,
         R"("raw")",
         "",
         "raw: the line's bytes; json: with time, host, path, offset, fields; fields: these alone, as JSON",
         {"raw", "json", "fields", "template"}},
        {"pipelines.sink.template", text, R"("")", "template", "with encoding = \"template\""},
        {"pipelines.sink.headers",
         texts,
         "[]",
         "",
         "kafka: of every record; ledger = file_id offset end session",
         {"host", "path", "pipeline", "file_id", "offset", "end", "session", "time", "ledger"}},
        {"pipelines.sink.header_templates", text_map, "{}", "", "kafka: headers of these names, each a template"},
        {"pipelines.sink.on_reject",
         text,
         R"("block")",
         "",
         "kafka: what becomes of a record that the cluster will not take as it is",
         {"block", "drop", "dead_letter"}},
        {"pipelines.sink.dead_letter_topic", text, R"("")", "", "kafka: with on_reject = \"dead_letter\""},
    };
}

const std::vector<KeySpec>& all_keys() {
    static const std::vector<KeySpec> keys_of_all_tables = [] {
        auto keys = host_keys();
        for (auto part : {source_keys(), processor_keys(), sink_keys()})
            keys.insert(keys.end(), part.begin(), part.end());
        return keys;
    }();
    return keys_of_all_tables;
}

}  // namespace

std::span<const KeySpec> known_keys() {
    return all_keys();
}

const KeySpec* find_key(std::string_view key) {
    const auto& keys = all_keys();
    const auto found = std::ranges::find(keys, key, &KeySpec::key);
    return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string_view> known_names(std::string_view table) {
    std::vector<std::string_view> names;
    for (const auto& spec : all_keys()) {
        auto name = spec.key;
        if (!table.empty()) {
            if (!name.starts_with(table) || name.substr(table.size(), 1) != ".") continue;
            name.remove_prefix(table.size() + 1);
        }
        if (name.find('.') == std::string_view::npos) names.push_back(name);
    }
    return names;
}

}  // namespace config
