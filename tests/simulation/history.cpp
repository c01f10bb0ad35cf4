#include "tests/simulation/history.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::array kNames{"/logs/app.log",     "/logs/app.log.1", "/logs/app.log.2", "/logs/app-b.log",
                            "/logs/sub/app.log", "/logs/other.txt", "/logs/app.gz",    "/logs/sub/app.log.1",
                            "/away/app.log",     "/real/a.log"};
constexpr std::array<std::size_t, 4> kMemoryLimits{16 << 10, 64 << 10, 1 << 20, 64 << 20};
constexpr std::array kLineLimits{200ULL, 1ULL << 20, 1ULL << 20};
constexpr std::size_t kFilesMax = 40;
constexpr auto kTick = 250ms;
constexpr auto kEndMax = 600s;  // in which everything that is owed must be delivered

class History {
 public:
    History(std::uint64_t seed, const std::filesystem::path& folder, bool printed)
        : random_(seed),
          trace_(printed),
          memory_limit_(kMemoryLimits.at(random_.below(kMemoryLimits.size()))),
          disk_(folder, random_.one_in(2), random_, clock_),
          model_(disk_, clock_, memory_limit_, trace_),
          agent_(disk_, stored_, cluster_, model_, random_, clock_, printed) {
        disk_.observe(model_);
        cluster_.at_once = random_.one_in(8);
        cluster_.batches = !cluster_.at_once && random_.one_in(2);
        poison_one_in_ = random_.one_in(3) ? 20 : 0;
        line_bytes_max_ = kLineLimits.at(random_.below(kLineLimits.size()));
        if (random_.one_in(3)) disk_.set_open_max(1 + random_.below(3));
        disk_.open_by_handles(random_.one_in(2));
        // Others than those that were known before are shaped, so that the seeds of these stay what they are.
        shaping_ = seed % 5 == 0 ? Shaping::processed : seed % 7 == 4 ? Shaping::joined : Shaping::none;
        if (shaping_ != Shaping::none) line_bytes_max_ = 1ULL << 20;
        model_.pipeline_is("p", shaping_);
        for (const auto* name : {"p", "q"}) wish_for(name);
        if (random_.one_in(2)) wishes_.erase("q");
    }

    Verdict play() {
        for (auto steps = 20 + random_.below(100); steps > 0 && !model_.violation(); --steps) take_step();
        if (!model_.violation()) conclude();
        return {.violation = model_.violation(), .hash = trace_.hash()};
    }

 private:
    struct Wish {
        bool wide;
        config::OnReject on_reject;
    };

    void take_step();
    void change_files();
    void change_world();
    void conclude();

    // --- files ---
    std::string any_free_name();
    File* any_file();
    std::string new_lines(std::uint64_t count);
    void write();
    void rotate();
    void copy_and_truncate();
    void rename();

    // --- the agent and its world ---
    void wish_for(const std::string& name);
    config::Config config() const;
    void start();
    void stop();
    void finish_some();
    void finish_all(Fate fate);
    void advance(TimePoint::duration time);
    void free_inodes();
    void check_books();

    Random random_;
    Trace trace_;
    base::ManualClock clock_;
    std::size_t memory_limit_;
    Disk disk_;
    Model model_;
    Stored stored_;
    Cluster cluster_;
    Agent agent_;
    std::map<std::string, Wish> wishes_;
    std::uint64_t poison_one_in_ = 0;
    std::uint64_t line_bytes_max_ = 0;
    Shaping shaping_ = Shaping::none;  // of the pipeline p
    std::uint64_t lines_ = 0;
};

// --- what happens ---

void History::take_step() {
    const auto chance = random_.below(100);
    if (chance < 35)
        write();
    else if (chance < 50)
        change_files();
    else if (chance < 65)
        finish_some();
    else if (chance < 75)
        for (auto tasks = random_.below(12); tasks > 0; --tasks) agent_.poll();
    else if (chance < 85)
        advance(std::chrono::milliseconds(random_.below(40)));
    else if (chance < 90)
        advance(std::chrono::milliseconds(random_.below(3000)));
    else if (chance < 91)
        advance(std::chrono::seconds(random_.below(80)));
    else
        change_world();
}

void History::change_files() {
    switch (random_.below(10)) {
        case 0:
        case 1:
        case 2:
            return rotate();
        case 3:
        case 4:
            return rename();
        case 5:
            return copy_and_truncate();
        case 6:
            if (auto* file = any_file()) {
                const auto size = random_.one_in(2) ? 0 : random_.below(file->bytes.size() + 1);
                trace_("file {} is truncated from {} to {}", file->number, file->bytes.size(), size);
                disk_.cut(*file, size);
                if (random_.one_in(2)) disk_.append(*file, new_lines(1 + random_.below(30)));
            }
            return;
        case 7:
            if (const auto to = any_free_name(); !disk_.names().empty() && !to.empty()) {
                auto names = disk_.names();
                const auto from = random_.any_of(names);
                trace_("{} is linked as {}", from, to);
                if (random_.one_in(2))
                    disk_.link(from, to);
                else
                    disk_.link_to(from, to);
            }
            return;
        default:
            if (auto names = disk_.names(); !names.empty()) {
                const auto path = random_.any_of(names);
                trace_("{} is deleted", path);
                disk_.remove(path);
            }
    }
}

void History::change_world() {
    switch (random_.below(8)) {
        case 0:
        case 1: {
            if (!agent_.runs()) return start();
            const bool host = random_.one_in(3);
            trace_("the {} crashes", host ? "host" : "agent");
            agent_.crash();
            if (host) stored_.now = stored_.durable;
            if (random_.one_in(2)) start();
            return;
        }
        case 2:
            return agent_.runs() ? stop() : start();
        case 3:
            if (!agent_.runs() || agent_.is_changing()) return;
            if (random_.one_in(4))
                wishes_.erase("q");
            else
                wish_for(random_.one_in(2) ? "p" : "q");
            trace_("the config changes");
            return agent_.apply(config());
        case 4:
        case 5:
            cluster_.open = !cluster_.open;
            trace_("the cluster is {}", cluster_.open ? "open" : "closed");
            if (cluster_.open)
                for (auto* sink : cluster_.sinks) sink->cluster_opened();
            return;
        case 6:
            stored_.fails = !stored_.fails;
            trace_("the store {}", stored_.fails ? "fails" : "works");
            return;
        default: {
            const bool unopenable = !disk_.is_unopenable() && random_.one_in(2);
            const bool loses_events = random_.one_in(2);
            trace_("files {} opened, events {} lost", unopenable ? "cannot be" : "are",
                   loses_events ? "may be" : "are not");
            disk_.set_trouble(unopenable, loses_events);
        }
    }
}

// --- files ---

std::string History::any_free_name() {
    const std::string name = kNames.at(random_.below(kNames.size()));
    return disk_.exists(name) ? "" : name;
}

// One that somebody may still write to: perhaps it has no name any more.
File* History::any_file() {
    std::vector<File*> files;
    for (auto& file : disk_.all())
        if (!file.inode_free) files.push_back(&file);
    return files.empty() ? nullptr : random_.any_of(files);
}

std::string History::new_lines(std::uint64_t count) {
    std::string lines;
    for (; count > 0; --count) {
        lines += fmt::format("{} ", ++lines_);
        if (poison_one_in_ > 0 && random_.one_in(std::max(poison_one_in_, count))) lines += kPoison;
        const auto own = fmt::format("{},", lines_);  // no two lines have much in common
        for (auto size = random_.below(random_.one_in(20) ? 2000 : 60); size > 0; --size)
            lines += own[size % own.size()];
        if (random_.one_in(20)) lines += '\r';
        lines += '\n';
    }
    return lines;
}

void History::write() {
    auto* file = disk_.at("/logs/app.log");
    if (!file || random_.one_in(2)) file = any_file();
    if (!file || (random_.one_in(10) && disk_.all().size() < kFilesMax)) {
        const auto name = any_free_name();
        if (name.empty()) return;
        file = &disk_.create(name);
        trace_("file {} is made as {}, inode {}", file->number, name, file->identity.inode);
    }
    std::string bytes = new_lines(random_.one_in(40) ? 3000 : random_.below(20));
    if (random_.one_in(3)) bytes += fmt::format("{} partial", ++lines_);
    trace_("file {} grows by {} to {}", file->number, bytes.size(), file->bytes.size() + bytes.size());
    disk_.append(*file, bytes);
}

void History::rotate() {
    if (!disk_.exists("/logs/app.log")) return;
    trace_("app.log is rotated");
    if (disk_.exists("/logs/app.log.1")) disk_.rename("/logs/app.log.1", "/logs/app.log.2");
    disk_.rename("/logs/app.log", "/logs/app.log.1");
    if (!random_.one_in(4) && disk_.all().size() < kFilesMax) disk_.create("/logs/app.log");
}

void History::copy_and_truncate() {
    auto* file = disk_.at("/logs/app.log");
    const auto to = any_free_name();
    if (!file || to.empty() || disk_.all().size() >= kFilesMax) return;
    auto& copy = disk_.create(to);
    trace_("file {} is copied to file {}, {}, and truncated", file->number, copy.number, to);
    disk_.append(copy, file->bytes);
    if (random_.one_in(3)) advance(std::chrono::milliseconds(random_.below(20)));
    disk_.cut(*file, 0);
}

void History::rename() {
    auto names = disk_.names();
    if (names.empty()) return;
    const auto from = random_.any_of(names);
    const std::string to = kNames.at(random_.below(kNames.size()));
    if (from == to || disk_.at(from) == disk_.at(to)) return;
    trace_("{} is renamed {}{}", from, to, disk_.exists(to) ? ", which there was" : "");
    disk_.rename(from, to);
}

// --- the agent and its world ---

void History::wish_for(const std::string& name) {
    wishes_[name] = {.wide = !random_.one_in(3), .on_reject = static_cast<config::OnReject>(random_.below(3))};
}

config::Config History::config() const {
    config::Config config;
    config.agent.memory_limit = memory_limit_;
    for (const auto& [name, wish] : wishes_) {
        auto& pipeline = config.pipelines.emplace_back();
        pipeline.name = name;
        pipeline.source.include = {"/logs/app.log"};
        if (wish.wide) pipeline.source.include = {"/logs/app*", "/logs/sub/app*"};
        pipeline.source.exclude = {"*.gz"};
        pipeline.source.max_line_bytes = line_bytes_max_;
        pipeline.sink.on_reject = wish.on_reject;
        if (name == "p") shape(pipeline, shaping_);
    }
    return config;
}

void History::start() {
    trace_("the agent starts");
    agent_.start(config());
}

void History::stop() {
    trace_("the agent stops");
    agent_.drain(1s);
    finish_all(random_.one_in(3) ? Fate::failed : Fate::acked);
    while (!agent_.drained() && agent_.settle()) {
        finish_all(Fate::acked);
        clock_.advance(kTick);
    }
    agent_.end();
}

void History::finish_some() {
    for (auto count = 1 + random_.below(4); count > 0; --count) {
        if (cluster_.sinks.empty()) return;
        auto* sink = random_.any_of(cluster_.sinks);
        if (sink->held() == 0) continue;
        const auto fate = random_.one_in(5) ? static_cast<Fate>(random_.below(5)) : Fate::acked;
        sink->finish(random_.one_in(3) ? random_.below(sink->held()) : 0, fate);
    }
}

void History::finish_all(Fate fate) {
    for (auto* sink : std::vector(cluster_.sinks))
        for (auto held = sink->held(); held > 0; --held) sink->finish(0, fate);
}

void History::advance(TimePoint::duration time) {
    while (time > 0ms && !model_.violation()) {
        const auto tick = std::min<TimePoint::duration>(time, kTick);
        clock_.advance(tick);
        time -= tick;
        agent_.settle();
    }
    free_inodes();
}

// All threads are at rest: what is not open now is closed.
void History::free_inodes() {
    for (auto& file : disk_.all())
        if (file.deleted && !file.inode_free && !model_.is_open(file)) disk_.free_inode(file);
}

// --- the end ---

void History::conclude() {
    trace_("the end: nothing is in the way any more");
    stored_.fails = false;
    disk_.set_trouble(false, false);
    cluster_.open = true;
    if (!agent_.runs()) start();
    for (auto* sink : cluster_.sinks) sink->cluster_opened();
    const auto end = clock_.now() + kEndMax;
    while (agent_.is_changing() && clock_.now() < end) {
        finish_all(Fate::acked);
        advance(kTick);
    }
    for (auto& [name, wish] : wishes_) wish.wide = true;
    agent_.apply(config());
    std::optional<std::string> owed = "not looked yet";
    while (owed && clock_.now() < end && !model_.violation()) {
        for (auto* sink : cluster_.sinks)
            if (sink->config().sink.on_reject == config::OnReject::block) sink->tolerate();
        for (int rounds = 0; rounds < 100 && cluster_.in_flight_bytes > 0; ++rounds) {
            finish_all(Fate::acked);
            advance(1ms);
        }
        advance(kTick);
        if (!agent_.is_changing()) owed = model_.owed();
    }
    if (owed) return model_.violated(*owed);
    finish_all(Fate::acked);
    check_books();
    stop();
    trace_("nothing is new: nothing is to be read");
    model_.expect_silence();
    start();
    advance(12s);
}

std::uint64_t known_bytes(const agent::pipeline::PipelineStatus& pipeline) {
    const auto& books = pipeline.books;
    const auto sum = [](const auto& bytes) { return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0}); };
    return books.acked + sum(books.dropped) + sum(books.lost) + pipeline.lag_bytes;
}

void History::check_books() {
    const auto status = agent_.status();
    if (cluster_.in_flight_bytes == 0 && status.in_flight_bytes > 0)
        model_.violated(fmt::format("{} bytes are in flight, and nothing is", status.in_flight_bytes));
    for (const auto& pipeline : status.pipelines)
        if (const auto known = known_bytes(pipeline); cluster_.in_flight_bytes == 0 && pipeline.books.seen != known)
            model_.violated(fmt::format("{}: {} bytes were seen, and what became of {} is known", pipeline.name,
                                        pipeline.books.seen, known));
    for (const auto& [name, wish] : wishes_) {
        const telemetry::MetricLabels labels{{"pipeline", name}, {"sink", "simulated"}};
        const auto read = agent_.counter("venus_agent_lines_read_total", {{"pipeline", name}});
        std::uint64_t told = agent_.counter("venus_agent_records_acked_total", labels);
        for (const auto* reason : {"long_line", "rejected", "dead_letter"})
            told += agent_.counter("venus_agent_records_dropped_total", {{"pipeline", name}, {"reason", reason}});
        told += agent_.counter("venus_agent_records_dropped_total",
                               {{"pipeline", name}, {"processor", "drop"}, {"reason", "filtered"}});
        for (const auto* reason : {"rewound", "lost"})
            told += agent_.counter("venus_agent_records_failed_total",
                                   {{"pipeline", name}, {"sink", "simulated"}, {"reason", reason}});
        if (cluster_.in_flight_bytes == 0 && read != told)
            model_.violated(fmt::format("{}: {} lines were read, of {} the end is told", name, read, told));
    }
}

}  // namespace

Verdict play(std::uint64_t seed, const std::filesystem::path& folder, bool printed) {
    return History(seed, folder, printed).play();
}

}  // namespace simulation
