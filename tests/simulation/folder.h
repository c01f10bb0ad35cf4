#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace simulation {

// A folder for the bytes of simulated files, in memory where there is such a place.
class Folder {
 public:
    Folder() {
        std::error_code ignored;
        std::string path = std::filesystem::is_directory("/dev/shm", ignored)
                               ? "/dev/shm"
                               : std::filesystem::temp_directory_path().string();
        path += "/venus-simulation-XXXXXX";
        if (!::mkdtemp(path.data())) throw std::runtime_error("cannot make a temporary folder");
        path_ = path;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::filesystem::path& path() const { return path_; }

 private:
    std::filesystem::path path_;
};

}  // namespace simulation
