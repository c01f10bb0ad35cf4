// What a host's own file may tell others.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace config {

// Its pipelines, and its clusters' brokers, as TOML in one spelling: references to secrets as they are written, other
// properties left out, for a password may stand among them. "" for what is no TOML.
std::string excerpt(std::string_view toml);

std::string excerpt_of(const std::filesystem::path& file);  // "" where it cannot be read

}  // namespace config
