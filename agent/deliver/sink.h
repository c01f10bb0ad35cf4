// Where records go.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/model/extent.h"

namespace agent::deliver {

// What all records of one tail have in common.
struct FileContext {
    std::string path;     // under which the pipeline first followed the file
    std::string file_id;  // FileIdentity::text()
};

// A tail's way into a sink: topic, partition, key, or file. Made once per tail, so that nothing of it is worked out
// again for each record.
class Route {
 public:
    virtual ~Route() = default;

    // What is delivered next shares a batch with nothing else, so that a rejection is its own.
    void set_alone(bool alone) { alone_ = alone; }
    bool alone() const { return alone_; }

    // Whether records may be delivered now. When it becomes true, the listener hears sink_ready().
    virtual bool ready() = 0;

    // Whether records go in batches, so that sink_ready() is heard after each delivery, when the next batch may begin.
    virtual bool batches() const { return false; }

    // Its tail is about to read again: what the sink still has of it, and has not sent, comes back as failed.
    virtual void let_go() {}

 private:
    bool alone_ = false;
};

enum class Flush : std::uint8_t { nothing_left, more_waits };

// How a sink is, for `status`.
struct SinkStatus {
    std::string type;
    std::string target;  // "main/raw-nginx", "/var/spool/out.log"
    bool healthy = true;
    std::string trouble;  // what is wrong and since when, for people
};

// Life: one per pipeline; its listener and every extent that it was given outlive it, or come back before.
// Thread: its shard's.
class Sink {
 public:
    virtual ~Sink() = default;

    virtual std::unique_ptr<Route> open_route(const FileContext& file) = 0;

    // Takes a split extent whose route is ready; it comes back by extent_finished(), perhaps within this call.
    virtual void deliver(model::ExtentPtr extent, Route& route) = 0;

    // What was collected for batches is sent; with Flush::more_waits the next batches need not wait for more lines.
    // Called soon after each deliver().
    virtual void flush(Flush /*flush*/) {}

    // What the sink has and could not send goes as far as it may; called by sink_ready() before routes are asked. True:
    // a flush is due.
    virtual bool go_on() { return false; }

    // What the sink has and has not sent comes back as failed.
    virtual void let_go() {}

    virtual SinkStatus status() const = 0;
};

}  // namespace agent::deliver
