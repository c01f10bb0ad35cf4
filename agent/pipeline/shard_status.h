// What a shard tells of itself, for `status` and the metrics. Values; they cross threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/deliver/sink.h"
#include "agent/model/books.h"
#include "agent/model/checkpoint.h"

namespace agent::pipeline {

struct FileStatus {
    model::FileIdentity identity;
    std::string path;
    std::uint64_t size_bytes = 0;
    model::FileOffset read_offset;
    model::FileOffset watermark;
    std::uint64_t lag_bytes = 0;
    std::string state;  // "idle" "reading" "waiting" "rewinding" "gone"
    model::Books books;
};

struct PipelineStatus {
    std::string name;
    deliver::SinkStatus sink;
    std::vector<FileStatus> files;
    model::Books books;  // of these, and of those that were followed before
    std::uint64_t lines_read = 0;
    std::uint64_t records_acked = 0;
    std::uint64_t records_rejected = 0;  // dropped, or set aside
    std::uint64_t records_failed = 0;    // and read again, or lost
    std::uint64_t losses = 0;            // times that lines were lost, or may have been
    std::uint64_t lag_bytes = 0;
    std::size_t in_flight_bytes = 0;
    bool throttled = false;      // a limit of rate or CPU makes it wait
    std::size_t unopenable = 0;  // files that were closed and cannot be opened
    std::size_t rewinding = 0;   // files that wait to be read again after a failure
};

struct ShardStatus {
    std::vector<PipelineStatus> pipelines;
    std::size_t in_flight_bytes = 0;
    std::size_t memory_limit_bytes = 0;
    bool no_descriptors = false;  // files wait for one, and none has got one for long
};

}  // namespace agent::pipeline
