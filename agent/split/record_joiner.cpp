#include "agent/split/record_joiner.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <span>

namespace agent::split {

using model::ContainerMark;
using model::Extent;
using model::FileOffset;
using model::LineEnds;
using model::Record;
using process::RecordState;

// One extent's lines, from the first to the last. Records take the places of the lines that were joined.
class RecordJoiner::Joining {
 public:
    Joining(Extent& extent, const RecordJoiner& joiner, Streams streams)
        : extent_(extent),
          joiner_(joiner),
          streams_apart_(streams == Streams::apart),
          streams_(all_streams_.data(), extent.marks.empty() ? 1 : all_streams_.size()) {}

    void run(FileOffset seen) {
        for (std::size_t i = 0; i < extent_.records.size(); ++i) {
            const auto line = extent_.records[i];
            const auto mark = extent_.marks.empty() ? ContainerMark{} : extent_.marks[i];
            close_before(line, mark);
            if (!add(line, mark)) begin(line, mark);
        }
        extent_.records.resize(count_);
        end_before_what_may_go_on(seen);
        if (!extent_.marks.empty()) extent_.marks.resize(extent_.records.size());
    }

 private:
    // The last record of a stream.
    struct Last {
        std::size_t record = 0;
        std::uint64_t lines = 0;  // 0: there is none
        RecordState state = RecordState::closed;
        bool has_whole_lines = true;
        std::chrono::system_clock::time_point time;  // of its last line

        bool may_go_on() const { return state != RecordState::closed || !has_whole_lines; }
        void close() {
            state = RecordState::closed;
            has_whole_lines = true;
        }
    };

    void close_before(const Record& line, const ContainerMark& mark) {
        const bool is_too_far = line.end - reach_begin_ > joiner_.limit_.reach_bytes_max;
        for (auto& last : streams_) {
            const bool is_other = &last != &of(mark);
            const bool is_late = !extent_.marks.empty() && mark.time - last.time > joiner_.limit_.pause_max;
            if (is_too_far || is_late || (is_other && !streams_apart_)) last.close();
        }
    }

    bool add(const Record& line, const ContainerMark& mark) {
        auto& last = of(mark);
        if (last.state == RecordState::closed || !may_be_added(line)) return false;
        auto& record = extent_.records[last.record];
        if (extent_.marks.empty() && line.begin != record.end) return false;  // a long line was skipped
        const auto size = static_cast<std::uint64_t>(line.data - record.data) + line.size;
        if (size > joiner_.limit_.bytes_max || !joiner_.multiline_->goes_on(last.state, line.line())) return false;
        record.size = static_cast<std::uint32_t>(size);
        record.end = line.end;
        if (!extent_.marks.empty()) extent_.marks[last.record].bytes += mark.bytes;
        ++last.lines;
        if (line.line_ends != LineEnds::both) last.close();
        line_added(last, mark);
        return true;
    }

    // A long line stands alone. But that a container's line never got its end may be known too late for that.
    bool may_be_added(const Record& line) const {
        return line.line_ends == LineEnds::both || (!extent_.marks.empty() && line.line_ends == LineEnds::begin);
    }

    void begin(const Record& line, const ContainerMark& mark) {
        auto& last = of(mark);
        if (last.lines > 0) ended_ = std::max(ended_, extent_.records[last.record].end);
        const bool has_end = line.line_ends == LineEnds::both || line.line_ends == LineEnds::end;
        last = {.record = count_++, .lines = 1};
        if (joiner_.multiline_ && has_end) last.state = joiner_.multiline_->begin(line.line());
        extent_.records[last.record] = line;
        if (!extent_.marks.empty()) extent_.marks[last.record] = mark;
        line_added(last, mark);
        look_for_reach(line.begin);
    }

    void line_added(Last& last, const ContainerMark& mark) const {
        last.time = mark.time;
        if (last.lines >= joiner_.limit_.lines_max) last.state = RecordState::closed;
        last.has_whole_lines = !mark.goes_on;
    }

    // Where the records begin that overlap with what may still go on.
    void look_for_reach(FileOffset begin) {
        for (const auto& last : streams_) {
            if (last.lines == 0) continue;
            const auto& record = extent_.records[last.record];
            if (last.may_go_on())
                begin = std::min(begin, record.begin);
            else if (record.begin < begin)
                ended_ = std::max(ended_, record.end);
        }
        if (ended_ <= begin) reach_begin_ = begin;
    }

    void end_before_what_may_go_on(FileOffset seen) {
        const bool has_room = seen - reach_begin_ < joiner_.limit_.reach_bytes_max;
        auto cut = extent_.end;
        for (const auto& last : streams_) {
            if (!has_room || last.lines == 0 || !last.may_go_on()) continue;
            const auto& record = extent_.records[last.record];
            // Behind a long line that was skipped nothing goes on.
            if (!extent_.marks.empty() || record.end == extent_.end) cut = std::min(cut, record.begin);
        }
        if (cut == extent_.end) return;
        for (const auto& record : std::ranges::reverse_view(extent_.records))
            if (record.end > cut) cut = std::min(cut, record.begin);
        std::erase_if(extent_.records, [&](const Record& record) { return record.begin >= cut; });
        extent_.end = cut;
    }

    Last& of(const ContainerMark& mark) { return streams_[static_cast<std::size_t>(mark.stream)]; }

    Extent& extent_;
    const RecordJoiner& joiner_;
    bool streams_apart_;
    std::array<Last, model::kStreams> all_streams_{};
    std::span<Last> streams_;
    std::size_t count_ = 0;   // records
    FileOffset ended_;        // how far the records go that are closed
    FileOffset reach_begin_;  // what may go on overlaps with nothing before it
};

void RecordJoiner::join(Extent& extent, FileOffset seen, Streams streams) const {
    if (extent.form != model::ExtentForm::lines || extent.records.empty()) return;
    Joining(extent, *this, streams).run(seen);
}

}  // namespace agent::split
