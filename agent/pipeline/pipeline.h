#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/deliver/sink.h"
#include "agent/pipeline/budget.h"
#include "agent/pipeline/pipeline_probe.h"
#include "agent/pipeline/tail.h"
#include "agent/pipeline/tap.h"
#include "agent/pipeline/throttle.h"
#include "agent/shape/shaper.h"
#include "agent/split/framing.h"
#include "common/base/event_loop.h"
#include "common/config/config.h"

namespace agent::pipeline {

// What one pipeline may have in flight, of the memory budget. More than the network and the broker can hold makes
// nothing faster: the log file is the buffer. It keeps one pipeline's trouble its own.
constexpr std::size_t kInFlightBytesMax = 8 << 20;
constexpr std::size_t kInFlightBytesMin = 1 << 20;  // where the budget is shared by many

// A file that was open when its pipeline ended: if it was deleted meanwhile, nobody can open it again.
struct StillOpen {
    model::FileIdentity identity;
    std::string origin_path;
    std::string path;
    base::SharedFd fd;
    bool is_copy = false;
    discover::Fields fields = {};
};
enum class Successor : std::uint8_t { no, yes };  // a pipeline of the same name will take over
using Retired = std::move_only_function<void(std::vector<StillOpen>)>;

// One configured flow as its shard runs it.
//
// Life: built by the factory on its shard, dies there with nothing in flight.
// Thread: its shard's.
struct Pipeline {
    config::PipelineConfig config;
    split::Framing framing;
    shape::Shaper shaper;
    PipelineProbe probe;
    Budget window{kInFlightBytesMax};
    RateLimiter rate{config.source.rate_limit};
    std::unique_ptr<deliver::Sink> sink;
    std::unordered_map<model::TailId, std::unique_ptr<Tail>> tails;
    std::vector<Tail*> left;                                     // of these, whose files are gone
    std::unordered_map<std::uint64_t, Generations> generations;  // of each file, by a hash of its name
    model::Books finished;                                       // of the files that are no longer followed
    std::deque<Tail*> ready;                                     // to be read, each once, fairly
    std::deque<Tail*> waiting;                                   // to be read when their route is ready
    std::deque<Tail*> wanting;                                   // to be read when there is a descriptor for them
    std::unique_ptr<Tap> tap;                                    // while somebody looks at what passes
    bool retiring = false;                                       // reads nothing more
    Successor successor = Successor::no;
    Retired retired;                        // called when nothing is in flight
    std::unique_ptr<base::Timer> patience;  // with a retirement
};

}  // namespace agent::pipeline
