// What a shard does under a sink that takes its time, fails and loses its head, with files that grow, rotate and are
// truncated, and crashes in between: written >= read >= acknowledged >= watermark, and no line is lost.
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/pipeline/shard_world.h"

namespace agent::pipeline {
namespace {

using namespace std::chrono_literals;

class Simulation {
 public:
    explicit Simulation(unsigned seed) : random_(seed) { make_file(); }

    void run(int steps) {
        for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
            take_step();
            check();
        }
        finish();
    }

 private:
    struct File {
        std::string path;
        std::uint64_t inode;
        model::TailId tail;
        std::uint64_t size = 0;
        std::string partial;                           // of its last line, not complete
        std::map<std::uint64_t, std::uint64_t> acked;  // extents that were delivered since it was last truncated
        std::uint64_t watermark = 0;                   // as last seen
    };

    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

    void take_step() {
        switch (below(20)) {
            case 0:
                make_file();
                break;
            case 1:
                truncate(any_file());
                break;
            case 2:
                world_.sink->open = !world_.sink->open;
                if (world_.sink->open) world_.shard->sink_ready();
                break;
            case 3:
                if (below(4) == 0) crash();
                break;
            case 4:
                world_.shard->store_checkpoints(checkpoint::Durability::host);
                break;
            case 5:
            case 6:
            case 7:
            case 8:
            case 9:
            case 10:
                finish_some();
                break;
            case 11:
            case 12:
            case 13:
                world_.poll();
                break;
            case 14:
                test::run_for(world_.shard->loop(), 5ms);
                break;
            default:
                write(any_file());
        }
    }

    File& any_file() { return files_[below(static_cast<std::uint32_t>(files_.size()))]; }

    void make_file() {
        const auto number = files_.size() + 1;
        auto& file = files_.emplace_back();
        file.path = world_.folder.at("file-" + std::to_string(number) + ".log");
        file.inode = number;
        file.tail = world_.follow(file.path, number);
    }

    void append(File& file, const std::string& bytes) {
        test::append_to(file.path, bytes);
        file.size += bytes.size();
    }

    std::string new_line() { return "line " + std::to_string(++lines_) + " " + std::string(below(200), 'x'); }

    void write(File& file) {
        std::string bytes;
        if (!file.partial.empty()) {
            bytes += "\n";
            written_.insert(std::exchange(file.partial, ""));
        }
        for (auto count = below(30); count > 0; --count) {
            const auto line = new_line();
            written_.insert(line);
            bytes += line + "\n";
        }
        if (below(3) == 0) bytes += file.partial = new_line();
        append(file, bytes);
        if (below(10) != 0) world_.shard->wake({file.tail});
    }

    // Lines that nobody read when their file is truncated are lost for anybody: it happens to what was delivered.
    void truncate(File& file) {
        if (!file.partial.empty()) {
            append(file, "\n");
            written_.insert(std::exchange(file.partial, ""));
        }
        catch_up();
        std::string bytes;
        for (auto count = below(20); count > 0; --count) {
            const auto line = new_line();
            written_.insert(line);
            bytes += line + "\n";
        }
        const auto before = world_.file(file.inode).watermark.value;
        test::rewrite(file.path, bytes);
        file.size = bytes.size();
        file.acked.clear();
        file.watermark = 0;
        world_.shard->wake({file.tail});
        ASSERT_TRUE(before == 0 || world_.until([&] { return world_.file(file.inode).watermark.value == 0; }));
    }

    void crash() {
        world_.crash();
        world_.start();
        crashed_ = true;
        acks_seen_ = 0;
        for (auto& file : files_) {
            file.tail = world_.follow(file.path, file.inode);
            file.watermark = 0;
        }
    }

    void finish_some() {
        for (auto count = below(4); count > 0 && !world_.sink->held.empty(); --count) {
            const auto index = below(static_cast<std::uint32_t>(world_.sink->held.size()));
            world_.sink->finish(index, below(12) == 0 ? "not taken" : "");
            take_acks();
        }
    }

    void take_acks() {
        for (; acks_seen_ < world_.sink->acked.size(); ++acks_seen_) {
            const auto& ack = world_.sink->acked[acks_seen_];
            for (auto& file : files_)
                if (file.tail == ack.tail) {
                    auto& end = file.acked[ack.begin];
                    end = std::max(end, ack.end);
                }
        }
        for (auto& line : world_.sink->delivered) delivered_.insert(std::move(line));
        world_.sink->delivered.clear();
    }

    // Up to where everything was acknowledged.
    static std::uint64_t acked_prefix(const File& file) {
        std::uint64_t prefix = 0;
        for (const auto& [begin, end] : file.acked)
            if (begin <= prefix) prefix = std::max(prefix, end);
        return prefix;
    }

    void check() {
        const auto status = world_.shard->status();
        const auto& pipeline = status.pipelines.at(0);
        EXPECT_LE(pipeline.in_flight_bytes, kInFlightBytesMax + (1 << 20));
        EXPECT_EQ(pipeline.in_flight_bytes > 0, !world_.sink->held.empty());
        for (const auto& told : pipeline.files) {
            auto& file = files_.at(told.identity.inode - 1);
            ASSERT_LE(told.read_offset.value, file.size) << file.path;
            ASSERT_LE(told.watermark, told.read_offset) << file.path;
            ASSERT_LE(told.watermark.value, acked_prefix(file)) << file.path << ": moved past what was acknowledged";
            ASSERT_GE(told.watermark.value, file.watermark) << file.path << ": went back";
            file.watermark = told.watermark.value;
        }
        if (below(10) != 0) return;
        const auto stored = world_.stored();
        for (const auto& file : files_) {
            const auto found = stored.find({"p", {.inode = file.inode}});
            if (found == stored.end() || is_of_before(found->second, file)) continue;
            ASSERT_LE(found->second.watermark.value, acked_prefix(file)) << file.path << ": the store is ahead";
        }
    }

    // Of what the file held before a truncation that the store has not heard of yet.
    static bool is_of_before(const model::Checkpoint& checkpoint, const File& file) {
        const auto bytes = test::contents_of(file.path);
        const auto end = checkpoint.watermark.value;
        return end > bytes.size() || !checkpoint.anchor.matches(std::string_view(bytes).substr(
                                         end - checkpoint.anchor.length, checkpoint.anchor.length));
    }

    void catch_up() {
        world_.sink->open = true;
        world_.shard->sink_ready();
        for (const auto& file : files_) world_.shard->wake({file.tail});
        ASSERT_TRUE(world_.until([&] {
            world_.sink->finish_all();
            take_acks();
            return std::ranges::all_of(files_, [&](const auto& file) {
                return world_.file(file.inode).watermark.value == file.size - file.partial.size();
            });
        }));
    }

    void finish() {
        catch_up();
        ASSERT_TRUE(world_.drain());
        for (const auto& line : written_) ASSERT_TRUE(delivered_.contains(line)) << "lost: " << line.substr(0, 20);
        for (const auto& line : delivered_) ASSERT_TRUE(written_.contains(line)) << "made up: " << line.substr(0, 20);
        const auto stored = world_.stored();
        for (const auto& file : files_)
            ASSERT_EQ(stored.at({"p", {.inode = file.inode}}).watermark.value, file.size - file.partial.size());
        const auto status = world_.shard->status();
        EXPECT_EQ(status.in_flight_bytes, 0U);
        const telemetry::MetricLabels sink{{"pipeline", "p"}, {"sink", "fake"}};
        auto rewound = sink;
        rewound["reason"] = "rewound";
        if (!crashed_) {
            EXPECT_EQ(world_.counter("venus_agent_lines_read_total", {{"pipeline", "p"}}),
                      world_.counter("venus_agent_records_acked_total", sink) +
                          world_.counter("venus_agent_records_failed_total", rewound));
        }
    }

    std::mt19937 random_;
    ShardWorld world_;
    std::deque<File> files_;
    std::set<std::string> written_;    // complete lines
    std::set<std::string> delivered_;  // some perhaps several times
    std::size_t acks_seen_ = 0;
    std::uint64_t lines_ = 0;
    bool crashed_ = false;
};

class ShardSimulation : public testing::TestWithParam<unsigned> {};

TEST_P(ShardSimulation, NoLineIsLostAndTheWatermarkNeverPassesWhatWasAcknowledged) {
    Simulation(GetParam()).run(400);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ShardSimulation, testing::Range(0U, 12U));

}  // namespace
}  // namespace agent::pipeline
