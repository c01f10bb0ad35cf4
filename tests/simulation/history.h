// One history of the world around an agent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/agent.h"

namespace simulation {

struct Verdict {
    std::optional<std::string> violation;
    std::uint64_t hash = 0;  // of all that happened
};

// Plays the history of this seed, from a world with nothing in it up to the point where the agent must have delivered
// all that it owes. `folder` is for the bytes of its files.
Verdict play(std::uint64_t seed, const std::filesystem::path& folder, bool printed);

}  // namespace simulation
