#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace test {

// A folder of a test's own, removed with everything in it.
class TempFolder {
 public:
    explicit TempFolder(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
        std::string path = (in / "venus-test-XXXXXX").string();  // mkdtemp(3) fills it in
        if (!::mkdtemp(path.data())) throw std::runtime_error("cannot make a temporary folder");
        path_ = std::filesystem::canonical(path);
    }
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::string at(std::string_view name) const { return (path_ / name).string(); }

 private:
    std::filesystem::path path_;
};

inline void append_to(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::app) << bytes;
}

inline void rewrite(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline std::string contents_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace test
