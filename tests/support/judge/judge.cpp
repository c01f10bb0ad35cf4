// The honest judge: writes lines with unique ids, and counts which of them arrived, how often and in which order.
//
//   judge write   --file a.log --writer a --lines 1000000 --manifest a.json [--rate …] [--rotate-every …] …
//   judge consume --brokers … --topic t --manifest a.json… [--timeout 60] [--latency-from N] [--json]
//   judge verify  --file out… --manifest a.json… [--json]
//
// Exit: 0 what was written arrived, as strictly as asked; 1 it did not; 2 the judge itself could not work.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/support/judge/consumer.h"
#include "tests/support/judge/manifest.h"
#include "tests/support/judge/tally.h"
#include "tests/support/judge/writer.h"

namespace judge {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kFailed = 1;
constexpr int kBroken = 2;
constexpr std::size_t kFilesShownMax = 20;

std::atomic<bool> stop_asked = false;  // set by a signal

int broken(std::string_view why) {
    fmt::print(stderr, "judge: {}\n", why);
    return kBroken;
}

struct JudgeOptions {
    std::vector<fs::path> manifests;
    Tolerance tolerance;
    bool as_json = false;
    bool unwrap = false;
};

// The records of an `encoding = "json"` pipeline carry the line in "line".
void count_unwrapped(Tally& tally, std::string_view record) {
    boost::system::error_code error;
    const auto value = json::parse(record, error);
    const auto* line = error || !value.is_object() ? nullptr : value.get_object().if_contains("line");
    tally.count(line != nullptr && line->is_string() ? std::string_view{line->get_string()} : record);
}

class Latencies {
 public:
    explicit Latencies(std::uint64_t first) : first_(first) {}

    void note(const Line& line) {
        if (line.written_at > 0 && line.id.sequence >= first_)
            micros_.push_back(static_cast<std::uint32_t>((now_ns() - line.written_at) / 1000));
    }
    json::object describe() {
        if (micros_.empty()) return {};
        std::ranges::sort(micros_);
        const auto at = [this](double part) {
            return micros_[static_cast<std::size_t>(part * static_cast<double>(micros_.size() - 1))] / 1000.0;
        };
        return {{"lines", micros_.size()},
                {"p50_ms", at(0.5)},
                {"p90_ms", at(0.9)},
                {"p99_ms", at(0.99)},
                {"max_ms", at(1)}};
    }

 private:
    std::uint64_t first_;  // lines before it are warm-up
    std::vector<std::uint32_t> micros_;
};

json::object describe(const Counts& counts) {
    return {{"expected", counts.expected},   {"received", counts.received},         {"missing", counts.missing},
            {"duplicate", counts.duplicate}, {"out_of_order", counts.out_of_order}, {"foreign", counts.foreign}};
}

void print_json(const Verdict& verdict, bool passed, json::object latency) {
    auto report = describe(verdict.total);
    report["corrupt"] = verdict.corrupt;
    report["passed"] = passed;
    json::array files;
    for (const auto& [id, counts] : verdict.files) {
        auto file = describe(counts);
        file["writer"] = id.writer;
        file["generation"] = id.generation;
        files.push_back(std::move(file));
    }
    report["files"] = std::move(files);
    report["samples"] = json::value_from(verdict.samples);
    if (!latency.empty()) report["latency"] = std::move(latency);
    fmt::print("{}\n", json::serialize(report));
}

void print_row(std::string_view name, const Counts& counts) {
    fmt::print("{:<24}{:>12}{:>12}{:>10}{:>10}{:>10}{:>10}\n", name, counts.expected, counts.received, counts.missing,
               counts.duplicate, counts.out_of_order, counts.foreign);
}

void print_table(const Verdict& verdict, bool passed, const json::object& latency) {
    fmt::print("{:<24}{:>12}{:>12}{:>10}{:>10}{:>10}{:>10}\n", "file", "expected", "received", "missing", "duplicate",
               "reordered", "foreign");
    std::size_t shown = 0;
    for (const auto& [id, counts] : verdict.files) {
        const bool odd = counts != Counts{.expected = counts.expected, .received = counts.expected};
        if (odd || verdict.files.size() <= kFilesShownMax) {
            if (++shown <= kFilesShownMax) print_row(fmt::format("{}/{}", id.writer, id.generation), counts);
        }
    }
    print_row("total", verdict.total);
    for (const auto& sample : verdict.samples) fmt::print("  {}\n", sample);
    if (!latency.empty()) fmt::print("latency {}\n", json::serialize(latency));
    fmt::print("corrupt {}: {}\n", verdict.corrupt, passed ? "passed" : "FAILED");
}

int conclude(const Tally& tally, const Manifest& manifest, const JudgeOptions& options, json::object latency) {
    const auto verdict = tally.judge(manifest);
    const bool passed = passes(verdict, options.tolerance);
    if (options.as_json) {
        print_json(verdict, passed, std::move(latency));
    } else {
        print_table(verdict, passed, latency);
    }
    return passed ? 0 : kFailed;
}

int run_write(const WriteOptions& options, const fs::path& manifest) {
    const auto written = write_lines(options, [] { return stop_asked.load(); });
    if (!manifest.empty()) {
        if (auto stored = store_manifest(manifest, written.manifest); !stored) return broken(stored.error());
    }
    return written.error.empty() ? 0 : broken(written.error);
}

int run_consume(const ConsumeOptions& from, const JudgeOptions& options, milliseconds settle,
                std::optional<Latencies> latencies) {
    Tally tally;
    std::expected<Manifest, std::string> manifest;
    bool complete_manifest = false;
    std::optional<Clock::time_point> complete_since;

    const auto take = [&](std::string_view record) {
        if (options.unwrap) return count_unwrapped(tally, record);
        const auto fresh = tally.count(record);
        if (fresh && latencies) latencies->note(*fresh);
    };
    const auto finished = [&] {
        if (stop_asked) return true;
        if (!complete_manifest) {  // the writers may still be at work
            if (!std::ranges::all_of(options.manifests, [](const auto& path) { return fs::exists(path); }))
                return false;
            manifest = load_manifests(options.manifests);
            complete_manifest = true;
        }
        if (!manifest) return true;
        if (!complete_since && tally.has_all(*manifest)) complete_since = Clock::now();
        return complete_since && Clock::now() - *complete_since >= settle;
    };
    const auto consumed = consume(from, take, finished);
    if (!consumed) return broken(consumed.error());
    if (!complete_manifest) return broken("cannot judge: a manifest is not there yet");
    if (!manifest) return broken(manifest.error());
    return conclude(tally, *manifest, options, latencies ? latencies->describe() : json::object{});
}

int run_verify(const std::vector<fs::path>& files, const JudgeOptions& options) {
    const auto manifest = load_manifests(options.manifests);
    if (!manifest) return broken(manifest.error());
    Tally tally;
    for (const auto& file : files) {
        const auto read = read_lines(file, [&](std::string_view line) {
            if (options.unwrap) return count_unwrapped(tally, line);
            tally.count(line);
        });
        if (!read) return broken(read.error());
    }
    return conclude(tally, *manifest, options, {});
}

void add_judge_options(CLI::App& command, JudgeOptions& options) {
    command.add_option("--manifest", options.manifests, "what was written")->required();
    command.add_option("--allow-duplicates", options.tolerance.duplicates, "how many duplicates are no failure");
    command.add_flag("--allow-reorder", options.tolerance.reordered, "lines out of order are no failure");
    command.add_flag("--allow-foreign", options.tolerance.foreign, "lines of other writers are no failure");
    command.add_flag("--json", options.as_json, "print the verdict as one JSON object");
    command.add_flag("--unwrap", options.unwrap, "records are JSON objects, the line is in \"line\"");
}

void add_write_options(CLI::App& command, WriteOptions& options, fs::path& manifest) {
    command.add_option("--file", options.file)->required();
    command.add_option("--writer", options.writer, "part of each line's id")->required();
    command.add_option("--lines", options.lines, "0: until SIGTERM");
    command.add_option("--size", options.line_bytes, "bytes of a line without its ending")
        ->check(CLI::Range(kLineBytesMin, std::size_t{1} << 26U));
    command.add_option("--rate", options.rate, "lines a second");
    command.add_option("--lines-per-write", options.lines_per_write);
    command.add_flag("--torn", options.torn, "writes end within a line");
    command.add_option("--rotate-every", options.rotate_every, "lines");
    command.add_option("--rotate", options.rotation)
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Rotation>{{"rename", Rotation::rename}, {"rename-delete", Rotation::rename_delete}}));
    command.add_option("--keep", options.keep, "renamed files that stay; 0: all");
    command.add_option("--generation", options.first_generation, "of the first file");
    command.add_flag("--truncate", options.truncate_first, "empty the file first");
    command.add_flag("--timestamps", options.timestamps, "lines carry when they were written");
    command.add_option("--manifest", manifest, "where to note what was written");
}

int run(int argc, char** argv) {
    CLI::App app{"Writes lines with unique ids and judges which of them arrived"};
    app.require_subcommand(1);

    WriteOptions write;
    fs::path manifest;
    auto* write_command = app.add_subcommand("write", "write lines into a file");
    add_write_options(*write_command, write, manifest);

    JudgeOptions options;
    ConsumeOptions from;
    double timeout = 60;
    double settle = 2;
    std::optional<std::uint64_t> latency_from;
    std::vector<std::string> properties;
    auto* consume_command = app.add_subcommand("consume", "judge what is in Kafka topics");
    add_judge_options(*consume_command, options);
    consume_command->add_option("--brokers", from.brokers)->required();
    consume_command->add_option("--topic", from.topics)->required();
    consume_command->add_option("--timeout", timeout, "seconds until all must have arrived");
    consume_command->add_option("--settle", settle, "seconds to wait for late duplicates");
    consume_command->add_option("--latency-from", latency_from,
                                "measure from written to readable, from this line of each file on");
    consume_command->add_option("-X", properties, "librdkafka property KEY=VALUE");

    std::vector<fs::path> files;
    auto* verify_command = app.add_subcommand("verify", "judge what is in files");
    add_judge_options(*verify_command, options);
    verify_command->add_option("--file", files)->required();
    CLI11_PARSE(app, argc, argv);

    for (const int number : {SIGTERM, SIGINT}) {
        std::signal(number, [](int) { stop_asked = true; });
    }
    if (write_command->parsed()) return run_write(write, manifest);
    if (verify_command->parsed()) return run_verify(files, options);

    for (const auto& property : properties) {
        const auto equals = std::min(property.find('='), property.size());
        from.properties[property.substr(0, equals)] = property.substr(std::min(equals + 1, property.size()));
    }
    const auto seconds = [](double value) { return milliseconds{static_cast<std::int64_t>(value * 1000)}; };
    from.timeout = seconds(timeout);
    if (!latency_from) return run_consume(from, options, seconds(settle), std::nullopt);
    from.poll = milliseconds{1};  // a poll ends when its batch is full or its time is over
    return run_consume(from, options, seconds(settle), Latencies(*latency_from));
}

}  // namespace
}  // namespace judge

int main(int argc, char** argv) {
    return judge::run(argc, argv);
}
