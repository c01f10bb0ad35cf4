#include "center/model/names.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/text.h"

namespace center::model {

std::optional<std::string> check_name(std::string_view name) {
    const auto is_start = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const auto is_inner = [&](char c) { return is_start(c) || c == '.' || c == '_' || c == '-'; };
    if (name.empty()) return "is empty (use a-z, 0-9, . _ -)";
    if (name.size() > kNameBytesMax) return fmt::format("is {} bytes long (at most {})", name.size(), kNameBytesMax);
    if (!is_start(name.front()) || !std::ranges::all_of(name, is_inner))
        return fmt::format("{} is not a name (begin with a-z or 0-9, then a-z, 0-9, . _ -)", base::quote(name));
    return std::nullopt;
}

}  // namespace center::model
