#include "common/telemetry/log.h"

#include <atomic>
#include <span>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "common/telemetry/log_line.h"

namespace telemetry {

// spdlog writes whole lines to stderr, one at a time; the line itself is ours, so that level and format can change
// between two lines and never within one.
struct Log::Sink {
    explicit Sink(const config::LogConfig& config) : level(config.level), format(config.format) {
        out.set_pattern("%v");
        out.set_level(spdlog::level::trace);
    }

    void write(config::LogLevel event_level, std::string_view message, std::span<const Field> fields) {
        if (event_level < level.load(std::memory_order_relaxed)) return;
        const Event event{
            .time = std::chrono::system_clock::now(), .level = event_level, .message = message, .fields = fields};
        const bool json = format.load(std::memory_order_relaxed) == config::LogFormat::json;
        out.log(spdlog::level::critical, json ? as_json(event) : as_text(event));
    }

    std::atomic<config::LogLevel> level;
    std::atomic<config::LogFormat> format;
    spdlog::logger out{"venus", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

Log::Log(const config::LogConfig& config) : sink_(std::make_unique<Sink>(config)) {}
Log::~Log() = default;

void Log::reconfigure(const config::LogConfig& config) {
    sink_->level = config.level;
    sink_->format = config.format;
}

void Log::debug(std::string_view message, std::initializer_list<Field> fields) {
    sink_->write(config::LogLevel::debug, message, fields);
}

void Log::info(std::string_view message, std::initializer_list<Field> fields) {
    sink_->write(config::LogLevel::info, message, fields);
}

void Log::warn(std::string_view message, std::initializer_list<Field> fields) {
    sink_->write(config::LogLevel::warn, message, fields);
}

void Log::error(std::string_view message, std::initializer_list<Field> fields) {
    sink_->write(config::LogLevel::error, message, fields);
}

bool RateLimit::allow(std::chrono::steady_clock::time_point now) {
    if (now < next_) {
        ++silent_;
        return false;
    }
    suppressed_ = std::exchange(silent_, 0);
    next_ = now + interval_;
    return true;
}

}  // namespace telemetry
