// The agent's own log: one event a line on stderr, as text or JSON.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "common/config/config.h"

namespace telemetry {

// One named value of an event. Never the contents of a user's file.
struct Field {
    template <std::integral T>
    Field(std::string_view n, T v) : name(n), value(std::to_string(v)), number(true) {}
    Field(std::string_view n, std::string_view v) : name(n), value(v) {}

    std::string_view name;
    std::string value;
    bool number = false;
};

// text:  2026-11-21T07:22:01.123Z INFO  file rotated path=/var/log/a.log inode=12   (values with spaces are quoted)
// json:  {"time":"…","level":"info","message":"file rotated","path":"/var/log/a.log","inode":12}
//
// Thread: any. ERROR: data lost or a human needed; WARN: unexpected, nothing lost; INFO: a life-cycle event.
class Log {
 public:
    explicit Log(const config::LogConfig& config);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void reconfigure(const config::LogConfig& config);  // on reload
    void debug(std::string_view message, std::initializer_list<Field> fields = {});
    void info(std::string_view message, std::initializer_list<Field> fields = {});
    void warn(std::string_view message, std::initializer_list<Field> fields = {});
    void error(std::string_view message, std::initializer_list<Field> fields = {});

 private:
    struct Sink;
    std::unique_ptr<Sink> sink_;
};

// Lets a repeated event through once per `interval` and counts the rest. Thread: its owner's.
class RateLimit {
 public:
    explicit RateLimit(std::chrono::steady_clock::duration interval) : interval_(interval) {}

    bool allow(std::chrono::steady_clock::time_point now);    // true: say it, with suppressed()
    std::uint64_t suppressed() const { return suppressed_; }  // how often allow() said no before its last yes

 private:
    std::chrono::steady_clock::duration interval_;
    std::chrono::steady_clock::time_point next_{};
    std::uint64_t silent_ = 0;
    std::uint64_t suppressed_ = 0;
};

}  // namespace telemetry
