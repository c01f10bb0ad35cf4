#include "tests/support/judge/manifest.h"

#include <algorithm>
#include <fstream>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace judge {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

std::expected<void, std::string> load_one(const fs::path& path, Manifest& manifest) {
    std::ifstream file{path};
    if (!file) return std::unexpected{fmt::format("cannot read manifest {}", path.string())};
    for (std::string text; std::getline(file, text);) {
        boost::system::error_code error;
        const auto entry = json::parse(text, error);
        const auto* object = error ? nullptr : entry.if_object();
        const auto* writer = object == nullptr ? nullptr : object->if_contains("writer");
        const auto* generation = object == nullptr ? nullptr : object->if_contains("generation");
        const auto* lines = object == nullptr ? nullptr : object->if_contains("lines");
        if (writer == nullptr || !writer->is_string() || generation == nullptr || !generation->is_int64() ||
            lines == nullptr || !lines->is_int64()) {
            return std::unexpected{fmt::format("cannot read manifest {}: '{}' is no entry", path.string(), text)};
        }
        auto& count = manifest[{.writer = std::string{writer->get_string()},
                                .generation = static_cast<std::uint64_t>(generation->get_int64())}];
        count = std::max(count, static_cast<std::uint64_t>(lines->get_int64()));
    }
    return {};
}

}  // namespace

std::expected<void, std::string> store_manifest(const fs::path& path, const Manifest& manifest) {
    const fs::path unfinished = path.string() + ".tmp";
    std::ofstream file{unfinished, std::ios::trunc};
    for (const auto& [id, lines] : manifest) {
        file << json::serialize(json::object{{"writer", id.writer}, {"generation", id.generation}, {"lines", lines}})
             << '\n';
    }
    file.close();
    std::error_code error;
    if (file) fs::rename(unfinished, path, error);
    if (!file || error) return std::unexpected{fmt::format("cannot write manifest {}", path.string())};
    return {};
}

std::expected<Manifest, std::string> load_manifests(const std::vector<fs::path>& paths) {
    Manifest manifest;
    for (const auto& path : paths) {
        if (auto loaded = load_one(path, manifest); !loaded) return std::unexpected{loaded.error()};
    }
    return manifest;
}

}  // namespace judge
