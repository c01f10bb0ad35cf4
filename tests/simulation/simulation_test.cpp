// The agent's real stages against a model, in random histories. `simulation --seed N --verbose` shows one.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulation/folder.h"
#include "tests/simulation/history.h"

namespace simulation {
namespace {

std::string violation_of(std::uint64_t seed) {
    const Folder folder;
    return play(seed, folder.path(), false).violation.value_or("");
}

TEST(Simulation, TheSameSeedGivesTheSameHistory) {
    const Folder folder;
    const Folder another;
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        EXPECT_EQ(play(seed, folder.path(), false).hash, play(seed, another.path(), false).hash) << seed;
    EXPECT_NE(play(1, folder.path(), false).hash, play(2, folder.path(), false).hash);
}

}  // namespace
}  // namespace simulation
