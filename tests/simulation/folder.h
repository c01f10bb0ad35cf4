#pragma once

#include <filesystem>
#include <system_error>

#include "tests/unit/support/temp_folder.h"

namespace simulation {

// A folder for the bytes of simulated files, in memory where there is such a place.
class Folder : public test::TempFolder {
 public:
    Folder() : TempFolder(place()) {}

 private:
    static std::filesystem::path place() {
        std::error_code ignored;
        return std::filesystem::is_directory("/dev/shm", ignored) ? "/dev/shm" : std::filesystem::temp_directory_path();
    }
};

}  // namespace simulation
