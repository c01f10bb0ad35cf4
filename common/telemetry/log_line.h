// One event of the log as text or JSON; pure, so that each odd field is one line of test.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "common/telemetry/log.h"

namespace telemetry {

struct Event {
    std::chrono::system_clock::time_point time;
    config::LogLevel level;
    std::string_view message;
    std::span<const Field> fields;
};

// Neither has a line ending, and neither contains one whatever is in the fields.
std::string as_text(const Event& event);
std::string as_json(const Event& event);

}  // namespace telemetry
