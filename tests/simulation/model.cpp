#include "tests/simulation/model.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace simulation {

using namespace std::chrono_literals;
using model::Fingerprint;

namespace {

constexpr auto kDeletedPatience = 5s;
constexpr auto kMovedPatience = 60s;
constexpr auto kGlimpse = 1s;      // for which a file may be in sight and nobody sees it
constexpr auto kSightDelay = 12s;  // until the agent knows that a file came into sight: a sweep, and some

// Whether the file holds what the checkpoint remembers.
bool recognises(const model::Checkpoint& checkpoint, std::string_view bytes) {
    const auto end = checkpoint.watermark.value;
    if (end > bytes.size() || checkpoint.head.length > bytes.size()) return false;
    return checkpoint.head.matches(bytes.substr(0, checkpoint.head.length)) &&
           checkpoint.anchor.matches(bytes.substr(end - checkpoint.anchor.length, checkpoint.anchor.length));
}

model::Checkpoint checkpoint_at(std::uint64_t watermark, std::string_view bytes) {
    const auto length = std::min<std::uint64_t>(watermark, Fingerprint::kBytesMax);
    model::Checkpoint checkpoint;
    checkpoint.watermark = {watermark};
    checkpoint.head = Fingerprint::of(bytes.substr(0, length));
    checkpoint.anchor = Fingerprint::of(bytes.substr(watermark - length, length));
    return checkpoint;
}

}  // namespace

void Model::violated(std::string what) {
    trace_("  VIOLATION: {}", what);
    if (!violation_) violation_ = std::move(what);
}

// --- pipelines ---

void Model::pipeline_wanted(const config::PipelineConfig& config) {
    const auto& source = config.source;
    pipelines_.insert_or_assign(config.name, Pipeline{.filter = {source.include, source.exclude},
                                                      .line_bytes_max = source.max_line_bytes,
                                                      .wide = source.include.size() > 1,
                                                      .known = {}});
    names_changed();
}

void Model::pipeline_loaded(const std::string& name, const agent::checkpoint::PipelineCheckpoints& checkpoints) {
    const auto pipeline = pipelines_.find(name);
    if (pipeline == pipelines_.end()) return;
    pipeline->second.loaded = true;
    auto& known = pipeline->second.known;
    for (const auto& checkpoint : checkpoints.checkpoints) known[checkpoint.file] = checkpoint;
}

void Model::pipelines_run() {
    for (auto& [name, pipeline] : pipelines_) pipeline.runs = true;
    for (auto& [key, its] : follows_)  // what was not deleted is found by its path, or not looked for
        if (const auto& file = disk_.all().at(key.second - 1); taken_over_.contains(key.first) && !file.deleted)
            its.held = its.held && is_followed(key.first, file);
    taken_over_.clear();
}

void Model::pipeline_ends(const std::string& name, bool taken_over) {
    if (taken_over) taken_over_.insert(name);
    for (auto& [key, its] : follows_)
        if (auto& file = disk_.all().at(key.second - 1); key.first == name)
            if (!taken_over || file.open == 0 || !is_followed(name, file)) let_go(its, file);
    pipelines_.erase(name);
    names_changed();
}

void Model::agent_ends() {
    for (auto& [key, its] : follows_) let_go(its, disk_.all().at(key.second - 1));
    pipelines_.clear();
    taken_over_.clear();
    tails_.clear();
    names_changed();
}

void Model::let_go(Follow& follow, const File& file) {
    follow.held = false;
    if (file.deleted) follow.excused = true;
}

// --- tails ---

std::shared_ptr<Model::Tail> Model::tail_begins(const std::string& name, const std::string& file_id) {
    File* file = nullptr;
    for (auto& one : disk_.all())
        if (one.identity.text() == file_id) file = &one;  // the latest
    auto tail = std::make_shared<Tail>(Tail{.pipeline = name, .file = file, .open = {}});
    tails_.push_back(tail);
    auto& its = follow(name, *file);
    its.held = true;
    const auto pipeline = pipelines_.find(name);
    if (pipeline == pipelines_.end() || !pipeline->second.loaded) return tail;  // of a pipeline that is about to end
    tail->known = true;
    auto& known = pipeline->second.known;
    if (const auto checkpoint = known.find(file->identity); checkpoint != known.end()) {
        if (recognises(checkpoint->second, file->bytes)) tail->next = checkpoint->second.watermark.value;
        known.erase(checkpoint);
    }
    tail->watermark = tail->next;
    trace_("  {} begins at {}", text(*tail), tail->next);
    if (finished(name, *file) < tail->next)
        violated(fmt::format("{} begins beyond what is finished, {}", text(*tail), finished(name, *file)));
    return tail;
}

void Model::tail_ends(const std::shared_ptr<Tail>& tail) {
    if (std::erase(tails_, tail) == 0) return;  // with the agent
    auto& its = follow(tail->pipeline, *tail->file);
    const auto pipeline = pipelines_.find(tail->pipeline);
    if (pipeline == pipelines_.end() || !pipeline->second.runs) {  // with its pipeline
        if (!taken_over_.contains(tail->pipeline)) let_go(its, *tail->file);
        return;
    }
    trace_("  {} is closed", text(*tail));
    check_closed(*tail);
    its.held = false;
    if (!tail->file->deleted && tail->intact >= tail->watermark)
        pipeline->second.known[tail->file->identity] = checkpoint_at(tail->watermark, tail->file->bytes);
}

// Only what is out of sight, was quiet and is finished may be closed.
void Model::check_closed(const Tail& tail) {
    const auto& file = *tail.file;
    auto& seen = sight(file);
    // It was closed before it left; or seemed to leave, where events are lost.
    if (file.open == 0 && (!seen.visible || disk_.was_in_trouble())) return;
    // Another one was taken over from the pipeline before.
    const bool is_named = matches(pipelines_.at(tail.pipeline), file);
    if (seen.visible && is_named && clock_.now() - std::max(seen.since, disk_.openable_since()) > kSightDelay)
        return violated(fmt::format("{} was closed while it is in sight", text(tail)));
    if (seen.visible || seen.late_from != kNever) return;
    if (quiet(file) < patience(file))
        violated(fmt::format("{} was closed after {} ms without growth", text(tail), quiet(file) / 1ms));
    if (finished(tail.pipeline, file) < file.bytes.size())
        violated(fmt::format("{} was closed, finished up to {} of {} bytes", text(tail), finished(tail.pipeline, file),
                             file.bytes.size()));
}

void Model::extent_read(Tail& tail, const model::Extent& extent, std::size_t in_flight_bytes) {
    const auto begin = extent.begin.value;
    if (!std::exchange(tail.known, true)) tail.next = tail.watermark = begin;
    trace_("  {} read {}..{}, {} records", text(tail), begin, extent.end.value, extent.records.size());
    const bool goes_on = !tail.failed && leads_to(tail, tail.next, begin) && tail.intact >= begin;
    const bool rewound = tail.failed && leads_to(tail, tail.watermark, begin) && tail.intact >= begin;
    const bool anew = leads_to(tail, 0, begin) && tail.intact < tail.next;
    if (silence_ && begin < tail.file->complete() && matches_any(*tail.file))
        violated(fmt::format("{} is read again from {} without a reason", text(tail), begin));
    if (!goes_on && !rewound && !anew)
        violated(fmt::format("{} is read from {}: it was read up to {}, finished up to {}, intact up to {}, {}",
                             text(tail), begin, tail.next, tail.watermark, std::min(tail.intact, tail.next),
                             tail.failed ? "failed" : "not failed"));
    if (!goes_on) {
        tail.failed = false;
        tail.watermark = begin;
        tail.open.clear();
    }
    tail.intact = kNever;
    tail.next = extent.end.value;
    tail.open.push_back({.seq = extent.seq, .end = extent.end.value});
    if (in_flight_bytes >= memory_limit_)
        violated(fmt::format("{} is read with {} bytes in flight", text(tail), in_flight_bytes));
    if (const auto pipeline = pipelines_.find(tail.pipeline); pipeline != pipelines_.end())
        check_records(tail, pipeline->second, extent);
}

// They are the file's bytes, without gaps but for what processors drop; a partial line only where it is long, or
// nothing will complete it.
void Model::check_records(const Tail& tail, const Pipeline& pipeline, const model::Extent& extent) {
    const std::string_view bytes = tail.file->bytes;
    if (extent.end.value > bytes.size()) return violated(fmt::format("{} has no such bytes", text(tail)));
    auto at = extent.begin.value;
    const auto shaping = shaping_of(tail.pipeline);
    for (const auto& record : extent.records) {
        auto held = bytes.substr(record.begin.value, record.end.value - record.begin.value);
        const bool complete = held.ends_with('\n');
        if (complete) held.remove_suffix(held.ends_with("\r\n") ? 2 : 1);
        if (!leads_to(tail, at, record.begin.value) || record.line() != shaped(held, shaping))
            return violated(fmt::format("{}: the record at {} is not what the file holds", text(tail), at));
        const bool long_line = bytes.find('\n', record.begin.value) - record.begin.value > pipeline.line_bytes_max;
        if (!complete && !long_line) check_partial_line(tail, extent);
        at = record.end.value;
    }
    if (!leads_to(tail, at, extent.end.value)) violated(fmt::format("{}: no record at {}", text(tail), at));
}

void Model::check_partial_line(const Tail& tail, const model::Extent& extent) {
    const auto& file = *tail.file;
    auto& seen = sight(file);
    const bool waited = seen.late_from != kNever || quiet(file) >= patience(file);
    const bool hidden = !seen.visible || clock_.now() - seen.since <= kSightDelay;
    if (extent.form == model::ExtentForm::piece) return;  // the rest of a long line
    if (extent.form != model::ExtentForm::partial_line || !hidden || (!seen.visible && !waited))
        violated(fmt::format("{}: the partial line at {} was sent", text(tail), extent.begin.value));
}

void Model::records_arrived(const Tail& tail, const model::Extent& extent, std::size_t count) {
    auto& finished = follow(tail.pipeline, *tail.file).finished;
    const std::string_view bytes = tail.file->bytes;
    for (std::size_t i = 0; i < count && i < extent.records.size(); ++i) {
        const auto& record = extent.records[i];
        const auto end = record.end.value;
        auto held = bytes.substr(std::min<std::uint64_t>(record.begin.value, bytes.size()), end - record.begin.value);
        if (held.ends_with('\n')) held.remove_suffix(held.ends_with("\r\n") ? 2 : 1);
        const auto whole = shaped(held, shaping_of(tail.pipeline));
        const bool same = end <= bytes.size() && whole && whole->starts_with(record.line());
        if (same) finished.add(record.begin.value, end);  // else it was truncated meanwhile
    }
}

void Model::extent_finished(Tail& tail, const model::Extent& extent) {
    trace_("  {} finished {}..{}", text(tail), extent.begin.value, extent.end.value);
    for (auto& open : tail.open)
        if (open.seq == extent.seq) open.finished = true;
    while (!tail.open.empty() && tail.open.front().finished) {
        tail.watermark = tail.open.front().end;
        tail.open.pop_front();
    }
}

void Model::extent_failed(Tail& tail, const model::Extent& extent) {
    trace_("  {} failed {}..{}: {}", text(tail), extent.begin.value, extent.end.value, extent.failure);
    if (std::ranges::find(tail.open, extent.seq, &Tail::Open::seq) != tail.open.end()) tail.failed = true;
}

void Model::stored(const std::string& pipeline, const model::Checkpoint& checkpoint) {
    const auto* file = disk_.of(checkpoint.file);
    if (!file || !recognises(checkpoint, file->bytes)) return;  // of what the file held before
    const auto end = finished(pipeline, *file);
    trace_("  {} file {} stored {}", pipeline, file->number, checkpoint.watermark.value);
    if (checkpoint.watermark.value > end)
        violated(fmt::format("file {}: the checkpoint {} is beyond what is finished, {}", file->number,
                             checkpoint.watermark.value, end));
}

// --- the end ---

std::optional<std::string> Model::owed() {
    for (const auto& [name, pipeline] : pipelines_)
        for (const auto& file : disk_.all()) {
            if (!is_owed(name, pipeline, file)) continue;
            const auto end = owed_up_to(file);
            if (const auto up_to = finished(name, file); up_to < end)
                return fmt::format("{}/{} file {}{}: finished up to {} of {} bytes", name,
                                   disk_.paths_of(file).empty() ? "" : disk_.paths_of(file).front(), file.number,
                                   file.deleted ? ", deleted" : "", up_to, end);
            if (!is_followed(name, file) && matches(pipeline, file))
                return fmt::format("{} does not follow file {}", name, file.number);
        }
    for (const auto& tail : tails_)
        if (!is_at_end(*tail)) return fmt::format("{} has not read up to the end", text(*tail));
    return std::nullopt;
}

std::uint64_t Model::owed_up_to(const File& file) {
    return std::min<std::uint64_t>(file.deleted ? file.bytes.size() : file.complete(), sight(file).late_from);
}

// A truncated file is read again, though all that is left of it may be finished.
bool Model::is_at_end(const Tail& tail) {
    const auto end = owed_up_to(*tail.file);
    const bool truncated = tail.intact < (tail.failed ? tail.watermark : tail.next);
    return truncated ? behind_dropped(tail.pipeline, *tail.file, 0) >= end
                     : behind_dropped(tail.pipeline, *tail.file, tail.watermark) >= end;
}

bool Model::is_owed(const std::string& name, const Pipeline& pipeline, const File& file) {
    const auto& its = follow(name, file);
    if (its.excused) return false;
    // It left before there was a descriptor for it.
    if (disk_.is_short() && file.open == 0 && !is_followed(name, file)) return matches(pipeline, file);
    return its.held || matches(pipeline, file);
}

// --- files ---

void Model::file_opened(File& file, const std::string& path) {
    for (auto& [name, pipeline] : pipelines_)
        if (pipeline.runs && pipeline.filter.matches(path)) follow(name, file).held = true;
}

// What is not read to its end stays open, unless descriptors are short.
void Model::file_closed(File& file) {
    if (!file.deleted && !sight(file).visible)
        for (const char* name : {"p", "q"}) follow(name, file).held = false;
    if (file.deleted || disk_.is_short()) return;
    if (file.open_since == clock_.now()) return;  // it was only looked at
    for (const auto& tail : tails_) {
        const auto pipeline = pipelines_.find(tail->pipeline);
        if (tail->file != &file || pipeline == pipelines_.end() || !pipeline->second.runs) continue;
        trace_("  {} closes its file", text(*tail));
        if (tail->intact < file.bytes.size() ||
            behind_dropped(tail->pipeline, file, tail->watermark) < file.bytes.size())
            violated(fmt::format("{} closes its file at {}, intact up to {}, of {} bytes", text(*tail), tail->watermark,
                                 tail->intact, file.bytes.size()));
    }
}

void Model::file_deleted(File& file) {
    if (file.open > 0) return;
    for (const char* name : {"p", "q"}) follow(name, file).excused = true;
}

void Model::file_grows(File& file) {
    auto& seen = sight(file);
    if (!seen.visible && quiet(file) >= patience(file))
        seen.late_from = std::min<std::uint64_t>(seen.late_from, file.bytes.size());
}

void Model::file_cut(File& file) {
    const auto size = file.bytes.size();
    for (auto& tail : tails_)
        if (tail->file == &file) tail->intact = std::min<std::uint64_t>(tail->intact, size);
    for (auto& [key, its] : follows_)
        if (key.second == file.number) its.finished.cut(size);
}

void Model::names_changed() {
    for (const auto& file : disk_.all()) {
        auto& seen = sight(file);
        if (std::exchange(seen.visible, is_visible(file)) != seen.visible) {
            const bool was_glimpse = !seen.visible && clock_.now() - seen.since < kGlimpse;
            seen.since = was_glimpse ? seen.hidden_since : clock_.now();
            if (!seen.visible) seen.hidden_since = seen.since;
        }
        if (seen.visible) seen.late_from = kNever;
        if (!seen.visible && file.open == 0)  // it cannot be opened any more
            for (const char* name : {"p", "q"}) follow(name, file).held = false;
        if (!file.deleted) continue;
        for (const char* name : {"p", "q"})
            if (auto& its = follow(name, file); !its.held) its.excused = true;
    }
}

Model::Sight& Model::sight(const File& file) {
    return sights_.try_emplace(file.number, Sight{.since = file.grown_at()}).first->second;
}

bool Model::is_visible(const File& file) const {
    const bool sub = std::ranges::any_of(pipelines_, [](const auto& item) { return item.second.wide; });
    return std::ranges::any_of(disk_.paths_of(file), [&](const auto& path) {
        if (!file.paths.contains(path) && !is_wanted(path))
            return false;  // a symbolic link counts where it is followed
        const auto folder = discover::parent_of(path);
        return !pipelines_.empty() && (folder == "/logs" || (sub && folder == "/logs/sub"));
    });
}

bool Model::is_wanted(const std::string& path) const {
    return std::ranges::any_of(pipelines_, [&](const auto& item) { return item.second.filter.matches(path); });
}

bool Model::matches(const Pipeline& pipeline, const File& file) const {
    return std::ranges::any_of(disk_.paths_of(file), [&](const auto& path) { return pipeline.filter.matches(path); });
}

bool Model::matches_any(const File& file) const {
    return std::ranges::any_of(pipelines_, [&](const auto& item) { return matches(item.second, file); });
}

bool Model::is_followed(const std::string& pipeline, const File& file) const {
    return std::ranges::any_of(tails_,
                               [&](const auto& tail) { return tail->pipeline == pipeline && tail->file == &file; });
}

// Where inodes have no generation, one that is used again while the agent believes that it follows its file is told by
// fingerprints alone: that is not played.
bool Model::is_open(const File& file) const {
    if (file.open > 0) return true;
    if (file.identity.generation_kind != model::GenerationKind::none) return false;
    return std::ranges::any_of(tails_, [&](const auto& tail) { return tail->file == &file; }) ||
           std::ranges::any_of(follows_,
                               [&](const auto& item) { return item.first.second == file.number && item.second.held; });
}

TimePoint::duration Model::patience(const File& file) const {
    return file.deleted ? kDeletedPatience : kMovedPatience;
}

// For how long the file has not grown, and the agent knows what became of it.
TimePoint::duration Model::quiet(const File& file) {
    const auto since = disk_.was_in_trouble() ? file.grown_at() : std::max(file.grown_at(), sight(file).since);
    return clock_.now() - since;
}

Shaping Model::shaping_of(const std::string& pipeline) const {
    const auto found = shapings_.find(pipeline);
    return found == shapings_.end() ? Shaping::none : found->second;
}

// Where the first line from there on begins that its processors do not drop. What drops a partial line drops it when it
// is complete, too.
std::uint64_t Model::behind_dropped(const std::string& pipeline, const File& file, std::uint64_t from) const {
    const std::string_view bytes = file.bytes;
    while (from < bytes.size()) {
        const auto end = std::min(bytes.find('\n', from), bytes.size());
        auto line = bytes.substr(from, end - from);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (shaped(line, shaping_of(pipeline))) break;
        from = std::min(end + 1, bytes.size());
    }
    return from;
}

// Whether nothing but dropped lines stands between them.
bool Model::leads_to(const Tail& tail, std::uint64_t from, std::uint64_t to) const {
    return from == to || (from < to && behind_dropped(tail.pipeline, *tail.file, from) >= to);
}

std::uint64_t Model::finished(const std::string& pipeline, const File& file) {
    auto& coverage = follow(pipeline, file).finished;
    while (true) {
        const auto end = coverage.prefix();
        // A line that was cut off goes on as another one.
        const auto newline = std::string_view(file.bytes).substr(0, end).rfind('\n');
        const auto line = newline == std::string_view::npos ? 0 : newline + 1;
        const auto behind = behind_dropped(pipeline, file, line);
        if (behind <= end) return end;
        coverage.add(0, behind);
    }
}

std::string Model::text(const Tail& tail) const {
    return fmt::format("{} file {}{}", tail.pipeline, tail.file->number, tail.file->deleted ? " (deleted)" : "");
}

}  // namespace simulation
