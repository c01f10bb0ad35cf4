// Small files that are either as they were or as they were to become, whatever happens meanwhile.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace agent::control {

// Written beside, synced, renamed over, the folder synced; readable for this user alone. Blocks on the disk. Errors:
// what could not be done; the file is as it was.
base::Result<void> write_durably(const std::string& path, std::string_view bytes);

// none: there is no such file. Errors: it cannot be read, or has more than `bytes_max`.
base::Result<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max);

// As write_durably(), with a first line that lets read_sealed() see any damage:
//
//   venus-agent KIND SHA-256-of-all-that-follows-this-line
base::Result<void> write_sealed(const std::string& path, std::string_view kind, std::string_view bytes);

// none: there is no such file. Errors: as read_file(); damaged; of another kind.
base::Result<std::optional<std::string>> read_sealed(const std::string& path, std::string_view kind,
                                                     std::size_t bytes_max);

base::Result<void> remove_durably(const std::string& path);  // nothing there is fine

}  // namespace agent::control
