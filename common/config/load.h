// TOML text → Config, or every error at once.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/config.h"

namespace config {

// One fault of a config, at the place where the user wrote it.
struct Problem {
    std::uint32_t line = 0;  // from 1; 0: the file as a whole
    std::uint32_t column = 0;
    std::string key;      // "pipelines[0].source.include"
    std::string message;  // what is wrong (what would be right)

    friend bool operator==(const Problem&, const Problem&) = default;
};

// `FILE:LINE:COL: error: KEY: what is wrong (what would be right)`, as `venus-agent check` prints it.
std::string show(const Problem& problem, std::string_view file);

// What is wrong with a property of a cluster, or nothing. Called for each one, so that the Kafka client can have its
// say while config stays free of it.
using PropertyCheck = std::function<std::optional<std::string>(const std::string& name, const std::string& value)>;

// All problems are found in one pass, in the order of the file. Reads ${file:…} and the environment; blocks.
std::expected<Config, std::vector<Problem>> parse(std::string_view toml, const PropertyCheck& check = {});
std::expected<Config, std::vector<Problem>> load(const std::filesystem::path& file, const PropertyCheck& check = {});

std::string host_name();  // what agent.name is where it is not given

// `agent.admin_socket` of a file whose other keys may be wrong: a daemon that refused it is asked all the same. Errors:
// the file cannot be read, or is no TOML.
base::Result<std::string> admin_socket_of(const std::filesystem::path& file);

}  // namespace config
