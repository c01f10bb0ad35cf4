// Which lines were written, as a file: one JSON object a line, {"writer": "w1", "generation": 0, "lines": 1000}.
// It appears whole or not at all, so whoever waits for it may read it as soon as it is there.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/judge/tally.h"

namespace judge {

std::expected<void, std::string> store_manifest(const std::filesystem::path& path, const Manifest& manifest);

// All of them together; a file that occurs twice was appended to by a later writer and has the larger count.
std::expected<Manifest, std::string> load_manifests(const std::vector<std::filesystem::path>& paths);

}  // namespace judge
