// What the agent owes to the files: the truth that each of its steps is held against.
#pragma once

#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/checkpoint/checkpoint_store.h"
#include "agent/discover/glob.h"
#include "agent/model/extent.h"
#include "common/config/config.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/shaping.h"
#include "tests/simulation/trace.h"

namespace simulation {

constexpr char kPoison = '!';  // a line with it is rejected

// Every byte of a complete line is owed to every pipeline that the file is in sight of, but for what physics or the
// config take:
//
//  - a file was truncated before the bytes were delivered;
//  - a file was deleted while the agent did not have it open, because it had not seen it yet, or had read it to its
//    end, or descriptors are short; or the agent (or its pipeline, without a successor) ended before it was drained;
//  - a file out of sight was written to after the time for which the agent promises to wait;
//  - the line was rejected and on_reject says that it is dropped;
//  - a processor drops it.
//
// Each extent must begin where the one before it ended; or at the watermark, after a failure; or at the beginning, when
// what was read before is no longer in the file. A tail begins at its checkpoint, if the file still holds what it
// remembers. So no byte is read twice but for these reasons, and none out of order.
//
// The first violation is kept: it is met within the agent's own calls.
class Model : public DiskObserver {
 public:
    static constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();

    // What one tail has read.
    struct Tail {
        std::string pipeline;
        File* file;
        bool known = false;             // where it begins
        std::uint64_t next = 0;         // where its next extent begins
        std::uint64_t watermark = 0;    // everything below is finished
        std::uint64_t intact = kNever;  // below, the file is as it was when it was read
        bool failed = false;            // something of it was not taken: it has to rewind
        struct Open {
            model::ExtentSeq seq;
            std::uint64_t end;
            bool finished = false;
        };
        std::deque<Open> open;  // since it last rewound
    };

    Model(Disk& disk, const base::ManualClock& clock, std::size_t memory_limit, Trace& trace)
        : disk_(disk), clock_(clock), memory_limit_(memory_limit), trace_(trace) {}

    const std::optional<std::string>& violation() const { return violation_; }
    void violated(std::string what);

    // The agent's pipelines.
    void pipeline_is(const std::string& pipeline, Shaping shaping) { shapings_[pipeline] = shaping; }  // for good
    void pipeline_wanted(const config::PipelineConfig& config);  // a new one, or changed
    void pipeline_loaded(const std::string& pipeline, const agent::checkpoint::PipelineCheckpoints& checkpoints);
    void pipelines_run();                                              // those that are wanted look for files
    void pipeline_ends(const std::string& pipeline, bool taken_over);  // by one of the same name
    void agent_ends();

    // The agent's tails.
    std::shared_ptr<Tail> tail_begins(const std::string& pipeline, const std::string& file_id);
    void tail_ends(const std::shared_ptr<Tail>& tail);
    void extent_read(Tail& tail, const model::Extent& extent, std::size_t in_flight_bytes);
    void records_arrived(const Tail& tail, const model::Extent& extent, std::size_t count);
    void extent_finished(Tail& tail, const model::Extent& extent);
    void extent_failed(Tail& tail, const model::Extent& extent);
    void stored(const std::string& pipeline, const model::Checkpoint& checkpoint);
    void expect_silence() { silence_ = true; }  // everything is delivered and stored: nothing is to be read

    // What is still owed; none: nothing.
    std::optional<std::string> owed();

    void file_opened(File& file, const std::string& path) override;
    void file_closed(File& file) override;
    void file_deleted(File& file) override;
    void file_grows(File& file) override;
    void file_cut(File& file) override;
    void names_changed() override;

    bool is_open(const File& file) const;

 private:
    struct Pipeline {
        discover::PathFilter filter;
        std::uint64_t line_bytes_max;
        bool wide;  // looks into /logs/sub
        bool loaded = false;
        bool runs = false;                                       // has looked for files
        std::map<model::FileIdentity, model::Checkpoint> known;  // checkpoints of files that it has not met yet
    };
    struct Follow {  // a file by a pipeline
        Coverage finished;
        bool held = false;     // open in this run
        bool excused = false;  // gone before it could be drained
    };
    struct Sight {
        bool visible = true;  // some path is where the agent looks
        TimePoint since;
        TimePoint hidden_since;            // the last time that it was out of sight
        std::uint64_t late_from = kNever;  // written after the agent's patience
    };

    Follow& follow(const std::string& pipeline, const File& file) { return follows_[{pipeline, file.number}]; }
    Sight& sight(const File& file);
    bool is_visible(const File& file) const;
    bool is_wanted(const std::string& path) const;
    bool matches(const Pipeline& pipeline, const File& file) const;
    bool matches_any(const File& file) const;
    bool is_followed(const std::string& pipeline, const File& file) const;
    bool is_owed(const std::string& name, const Pipeline& pipeline, const File& file);
    std::uint64_t owed_up_to(const File& file);
    bool is_at_end(const Tail& tail);
    void let_go(Follow& follow, const File& file);
    TimePoint::duration patience(const File& file) const;
    TimePoint::duration quiet(const File& file);
    void check_records(const Tail& tail, const Pipeline& pipeline, const model::Extent& extent);
    void check_partial_line(const Tail& tail, const model::Extent& extent);
    void check_closed(const Tail& tail);
    Shaping shaping_of(const std::string& pipeline) const;
    std::uint64_t behind_dropped(const std::string& pipeline, const File& file, std::uint64_t from) const;
    bool leads_to(const Tail& tail, std::uint64_t from, std::uint64_t to) const;
    std::uint64_t finished(const std::string& pipeline, const File& file);
    std::string text(const Tail& tail) const;

    Disk& disk_;
    const base::ManualClock& clock_;
    std::size_t memory_limit_;
    Trace& trace_;
    std::map<std::string, Shaping> shapings_;
    std::map<std::string, Pipeline> pipelines_;
    std::set<std::string> taken_over_;
    std::map<std::pair<std::string, std::size_t>, Follow> follows_;  // by pipeline and file number
    std::map<std::size_t, Sight> sights_;                            // by file number
    std::vector<std::shared_ptr<Tail>> tails_;
    bool silence_ = false;
    std::optional<std::string> violation_;
};

}  // namespace simulation
