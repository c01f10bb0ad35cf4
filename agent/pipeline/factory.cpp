#include "agent/pipeline/factory.h"

#include <algorithm>
#include <utility>

#include "agent/deliver/blackhole_sink.h"
#include "agent/deliver/console_sink.h"
#include "agent/deliver/file_sink.h"
#include "agent/deliver/kafka_sink.h"
#include "agent/discover/container_fields.h"
#include "common/base/assert.h"
#include "common/kafka/client_config.h"

namespace agent::pipeline {

namespace {

constexpr std::uint64_t kHeaderBytesMax = 4200;  // a path (PATH_MAX), or less, and its name
static_assert(kHeaderBytesMax > model::RecordTexts::kTextBytesMax);
constexpr std::uint64_t kEnvelopeBytesMax = 8192;  // of the json encoding around a line: paths and names
constexpr std::uint64_t kContainerBytesMax = 2 * discover::kContainerFieldBytesMax;  // fields, with names and quotes
constexpr std::uint64_t kEscapeMax = 6;                                              // "\u0001" for one byte

const char* type_name(config::SinkType type) {
    switch (type) {
        case config::SinkType::kafka:
            return "kafka";
        case config::SinkType::file:
            return "file";
        case config::SinkType::console:
            return "console";
        case config::SinkType::blackhole:
            return "blackhole";
    }
    return "";
}

base::Result<std::unique_ptr<deliver::Sink>> build_sink(const config::SinkConfig& config,
                                                        const config::ClusterConfig* cluster,
                                                        deliver::SinkContext context, Shard& shard,
                                                        telemetry::Log& log) {
    switch (config.type) {
        case config::SinkType::kafka: {
            AGENT_ASSERT(cluster != nullptr);  // config::load checked the name
            auto connected = shard.cluster(*cluster);
            if (!connected) return std::unexpected(connected.error());
            return std::make_unique<deliver::KafkaSink>(config, std::move(context), **connected);
        }
        case config::SinkType::file:
            return std::make_unique<deliver::FileSink>(config, std::move(context), shard, log);
        case config::SinkType::console:
            return std::make_unique<deliver::ConsoleSink>(shard);
        case config::SinkType::blackhole:
            return std::make_unique<deliver::BlackholeSink>(shard);
    }
    return base::fail("cannot build a sink of unknown type {}", static_cast<int>(config.type));
}

// The largest line whose record the cluster takes, as the user configured it.
std::uint64_t record_bytes_max(const config::PipelineConfig& pipeline, const config::ClusterConfig& cluster) {
    const auto& sink = pipeline.sink;
    std::uint64_t bytes = kafka::record_bytes_max(cluster);
    std::uint64_t header_bytes = (sink.headers.size() + sink.header_templates.size()) * kHeaderBytesMax;
    if (sink.on_reject == config::OnReject::dead_letter)
        header_bytes = std::max<std::uint64_t>(header_bytes, deliver::kDeadLetterHeaderBytesMax);
    const auto key_bytes = sink.key.contains('{') ? model::RecordTexts::kTextBytesMax : sink.key.size();
    bytes -= std::min<std::uint64_t>(bytes / 2, header_bytes + key_bytes);
    if (sink.encoding == config::Encoding::raw) return bytes;
    const bool is_of_container = pipeline.source.type == config::SourceType::container;
    const auto envelope_bytes = kEnvelopeBytesMax + (is_of_container ? kContainerBytesMax : 0);
    return (bytes - std::min(bytes / 2, envelope_bytes)) / kEscapeMax;
}

}  // namespace

base::Result<std::unique_ptr<Pipeline>> build_pipeline(const config::PipelineConfig& config,
                                                       const config::ClusterConfig* cluster,
                                                       const AgentContext& context, Shard& shard,
                                                       telemetry::Registry& registry, telemetry::Log& log) {
    auto shaper =
        shape::Shaper::make(config, {.host = context.host, .pipeline = config.name, .labels = context.labels});
    if (!shaper) return std::unexpected(shaper.error());
    auto framing = cluster ? split::Framing::make(config.source, record_bytes_max(config, *cluster))
                           : split::Framing::make(config.source);
    if (!framing) return std::unexpected(framing.error());
    auto sink = build_sink(
        config.sink, cluster,
        {.labels = context.labels, .host = context.host, .pipeline = config.name, .session = context.session}, shard,
        log);
    if (!sink) return std::unexpected(sink.error());
    PipelineProbe probe(config.name, type_name(config.sink.type), shaper->chain(), registry, log);
    return std::make_unique<Pipeline>(Pipeline{.config = config,
                                               .framing = std::move(*framing),
                                               .shaper = std::move(*shaper),
                                               .probe = std::move(probe),
                                               .sink = std::move(*sink),
                                               .tails = {},
                                               .ready = {},
                                               .waiting = {},
                                               .wanting = {},
                                               .retired = {},
                                               .patience = {}});
}

}  // namespace agent::pipeline
