#include "common/config/load.h"

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "common/base/result.h"
#include "common/config/check_keys.h"
#include "common/config/interpolate.h"
#include "common/config/problems.h"
#include "common/config/sections.h"
#include "common/config/value.h"

namespace config {

namespace {

constexpr std::size_t kFileBytesMax = 8ULL << 20;

base::Result<std::string> read_file(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return base::fail("cannot read: {}", base::errno_text(EISDIR));
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return base::fail("cannot read: {}", base::errno_text(errno));
    std::string text(kFileBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return base::fail("cannot read: {}", base::errno_text(errno));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kFileBytesMax) return base::fail("is too large (at most 8 MiB)");
    return text;
}

}  // namespace

std::string show(const Problem& problem, std::string_view file) {
    if (problem.line == 0) return fmt::format("{}: error: {}: {}", file, problem.key, problem.message);
    return fmt::format("{}:{}:{}: error: {}: {}", file, problem.line, problem.column, problem.key, problem.message);
}

std::expected<Config, std::vector<Problem>> parse(std::string_view toml, const PropertyCheck& check) {
    auto root = read_document(toml);
    if (!root) return std::unexpected(std::vector{root.error()});
    Problems problems;
    interpolate(*root, problems);
    check_keys(*root, problems);
    Config config;
    config.agent = read_agent(*root, problems);
    config.log = read_log(*root);
    config.center = read_center(*root, problems);
    config.clusters = read_clusters(*root, check, problems);
    config.pipelines = read_pipelines(*root, config, problems);
    if (!problems.empty()) return std::unexpected(problems.take());
    return config;
}

std::expected<Config, std::vector<Problem>> load(const std::filesystem::path& file, const PropertyCheck& check) {
    const auto text = read_file(file);
    if (!text) return std::unexpected(std::vector{Problem{.key = "file", .message = text.error().message}});
    return parse(*text, check);
}

base::Result<std::string> admin_socket_of(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (!text) return std::unexpected(text.error());
    auto root = read_document(*text);
    if (!root) return base::fail("{}", show(root.error(), file.string()));
    Problems found;  // by others
    interpolate(*root, found);
    check_keys(*root, found);
    return read_agent(*root, found).admin_socket;
}

}  // namespace config
