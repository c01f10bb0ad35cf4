// One line of a container's log, as container runtimes write them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "agent/model/extent.h"

namespace agent::split {

struct ContainerLine {
    model::Stream stream;
    std::chrono::system_clock::time_point time;
    std::string_view text;  // without its line ending; valid until the next line is parsed
    bool is_partial;        // another piece of the same line follows
};

// Two formats, which a line's first byte tells apart:
//
//   CRI    2026-11-28T09:00:00.123456789Z stdout F text      P: a piece of a line, F: its last one or all of it
//          (kubernetes/design-proposals, kubelet-cri-logging; tags beside P and F, joined by ":", mean nothing yet)
//   Docker {"log":"text\n","stream":"stdout","time":"2026-11-28T09:00:00.123456789Z"}      a piece has no "\n"
//          (json-file logging driver, moby's daemon/logger/jsonfilelog/jsonlog)
//
// Life: one per pipeline; copies share their memory. Thread: one at a time.
class ContainerLineParser {
 public:
    ContainerLineParser();

    // none: it is neither.
    std::optional<ContainerLine> parse(std::string_view line) const;

 private:
    class Json;
    std::shared_ptr<Json> json_;
};

}  // namespace agent::split
