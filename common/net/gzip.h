// gzip, as HTTP bodies have it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace net {

std::string gzip(std::string_view bytes);

// Stops at `bytes_max`, however much more is in it. Errors: damaged, cut off, followed by something else, more than
// that.
base::Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);

}  // namespace net
