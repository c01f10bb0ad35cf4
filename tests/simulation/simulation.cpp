// Plays random histories against the agent's real stages and holds each step against a model.
//
//   simulation [--seeds N] [--from SEED]     plays N histories (default 10000); says which violate the model
//   simulation --seed SEED [--verbose]       plays one and says what happened
//
// Exit: 0; 1 when a history violates the model; 2 for a wrong command line.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "tests/simulation/folder.h"
#include "tests/simulation/history.h"

namespace {

constexpr int kToldMax = 20;

volatile std::uint64_t played = 0;

// An assertion of the agent's ends the program: the seed is what helps.
void say_seed(int /*signal*/) {
    char text[64];
    const auto end = fmt::format_to_n(text, sizeof(text), "seed {}\n", played + 0).out;
    (void)!::write(STDOUT_FILENO, text, static_cast<std::size_t>(end - text));
}

bool play(std::uint64_t seed, const simulation::Folder& folder, bool printed) {
    played = seed;
    const auto verdict = simulation::play(seed, folder.path(), printed);
    if (printed || verdict.violation)
        fmt::print("seed {}: {} (hash {:016x})\n", seed, verdict.violation.value_or("ok"), verdict.hash);
    return !verdict.violation;
}

}  // namespace

int main(int argc, char** argv) {
    std::optional<std::uint64_t> seed;
    std::uint64_t from = 0;
    std::uint64_t seeds = 10'000;
    bool verbose = false;
    CLI::App app("Plays random histories against the agent's real stages.");
    app.add_option("--seed", seed, "one history");
    app.add_flag("--verbose", verbose, "say what happens in it");
    app.add_option("--from", from, "the first of many");
    app.add_option("--seeds", seeds, "so many");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    std::signal(SIGABRT, say_seed);
    const simulation::Folder folder;
    if (seed) return play(*seed, folder, verbose) ? 0 : 1;

    const auto begin = std::chrono::steady_clock::now();
    int violations = 0;
    std::uint64_t count = 0;
    for (; count < seeds && violations < kToldMax; ++count)
        if (!play(from + count, folder, false)) ++violations;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print("{} histories from seed {}, {} violations, {:.1f} s\n", count, from, violations, took.count());
    return violations == 0 ? 0 : 1;
}
