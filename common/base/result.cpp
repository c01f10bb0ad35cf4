#include "common/base/result.h"

#include <cstring>

namespace base {

std::string errno_text(int code) {
    const char* name = ::strerrorname_np(code);
    const char* text = ::strerrordesc_np(code);
    if (!name || !text) return fmt::format("errno {}", code);
    return fmt::format("{} ({})", text, name);
}

}  // namespace base
