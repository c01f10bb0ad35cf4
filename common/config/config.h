// The agent's configuration as values. config/load.h makes them from TOML; nothing else does.
//
// A value here is complete and valid: defaults are filled in, ${env:…} and ${file:…} are replaced, limits are checked.
// Equality decides what a reload touches: two equal PipelineConfigs on equal clusters are the same pipeline.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/units.h"
#include "common/process/options.h"

namespace config {

using Labels = std::map<std::string, std::string>;

enum class LogLevel { trace, debug, info, warn, error };
enum class LogFormat { text, json };

struct AgentConfig {
    std::string data_dir = "/var/lib/venus-agent";
    std::string name;  // the host name unless given
    Labels labels;
    std::string admin_socket = "/run/venus-agent/admin.sock";
    std::string metrics_listen = "127.0.0.1:9598";  // "" turns it off
    std::uint64_t memory_limit = 128ULL << 20;      // bytes in flight over all pipelines
    std::uint64_t deleted_bytes_max = 0;            // on disk, of deleted files that are still read; 0: no limit
    std::chrono::milliseconds checkpoint_retention = std::chrono::hours(24 * 7);  // of files that are missing
    double cpu_limit = 0;                                                         // cores; 0: no limit
    base::Rate rate_limit;                                                        // of all pipelines
    std::chrono::milliseconds shutdown_timeout{10'000};
    std::vector<std::string> allow_paths = {"/var/log/**"};
    std::vector<std::string> allow_sink_paths = {"/var/log/**", "/tmp/**", "/var/tmp/**"};
    std::string secrets_dir = "/etc/venus-agent/secrets";  // where a central config's ${file:…} may lead

    friend bool operator==(const AgentConfig&, const AgentConfig&) = default;
};

struct LogConfig {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;

    friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

struct CenterConfig {
    std::vector<std::string> endpoints;  // "https://host:port/path", tried in turn
    std::string token;                   // for enrolment
    std::chrono::milliseconds heartbeat_interval{30'000};
    std::string ca_file;  // "": what the system trusts
    std::string cert_file;
    std::string key_file;
    std::string verify_key;  // set: a config that its owner did not sign is refused
    std::chrono::milliseconds probation{60'000};

    friend bool operator==(const CenterConfig&, const CenterConfig&) = default;
};

struct ClusterConfig {
    std::string name;
    std::vector<std::string> brokers;               // "host:port"
    std::map<std::string, std::string> properties;  // librdkafka's, as the user gave them

    friend bool operator==(const ClusterConfig&, const ClusterConfig&) = default;
};

enum class SourceType { file, container };
enum class StartAt { beginning, end };
enum class LongLine { split, truncate, skip };
enum class Priority { high, normal, low };
enum class TextEncoding { utf8, gbk, gb18030, utf16le, utf16be, latin1, by_bom };
enum class InvalidBytes { keep, replace };

struct FileSourceConfig {
    SourceType type = SourceType::file;
    std::vector<std::string> include;  // absolute globs
    std::vector<std::string> exclude;  // globs; without a slash they match the file name, else the whole path
    std::string where;                 // container: a condition that must hold for its fields; "": none
    StartAt start_at = StartAt::beginning;
    bool read_rotated = false;  // compressed rotated generations, where lines of them were not read
    std::uint64_t max_line_bytes = 1ULL << 20;
    LongLine long_line = LongLine::split;
    TextEncoding encoding = TextEncoding::utf8;       // by_bom: of each file, by its first bytes; else UTF-8
    InvalidBytes invalid_bytes = InvalidBytes::keep;  // of UTF-8; of all others they are replaced
    std::optional<process::MultilineOptions> multiline = {};
    Priority priority = Priority::normal;
    base::Rate rate_limit;
    // Of a central config: globs, one of which a file's path must match once no link is left in it. Empty: any path.
    std::vector<std::string> within = {};

    friend bool operator==(const FileSourceConfig&, const FileSourceConfig&) = default;
};

enum class SinkType { kafka, file, console, blackhole };
enum class Partition { file, sticky, key };
enum class Encoding { raw, json, fields, text };
enum class OnReject { block, drop, dead_letter };
enum class Header { host, path, pipeline, file_id, offset, end, session, time };

struct SinkConfig {
    SinkType type = SinkType::kafka;
    std::string cluster;  // kafka: a name out of Config::clusters
    std::string topic;    // kafka: a template
    // kafka: of records that their fields do not lead to one; where `topic` reads fields
    std::string fallback_topic = {};
    Partition partition = Partition::file;
    std::string key;   // a template; with Partition::key
    std::string path;  // file: a template, absolute
    // file, of a central config: globs, one of which the path must match once no link is left in it. Empty: any path.
    std::vector<std::string> within = {};
    Encoding encoding = Encoding::raw;
    std::string text;                           // a template of what is sent; with Encoding::text
    std::vector<Header> headers;                // "ledger" is already spelt out
    process::NamedTexts header_templates = {};  // kafka: headers of these names, each a template
    OnReject on_reject = OnReject::block;       // kafka
    std::string dead_letter_topic;              // kafka: with OnReject::dead_letter

    friend bool operator==(const SinkConfig&, const SinkConfig&) = default;
};

struct PipelineConfig {
    std::string name;
    bool enabled = true;
    FileSourceConfig source;
    std::vector<process::ProcessorOptions> processors;
    SinkConfig sink;

    friend bool operator==(const PipelineConfig&, const PipelineConfig&) = default;
};

struct Config {
    AgentConfig agent;
    LogConfig log;
    std::optional<CenterConfig> center;  // none: the host's own file is all there is
    std::map<std::string, ClusterConfig> clusters;
    std::vector<PipelineConfig> pipelines;

    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace config
