#include "common/process/names.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "common/base/text.h"

namespace process {

void check_name(std::string_view name, const std::string& key, std::vector<OptionError>& errors) {
    if (name.empty()) {
        errors.push_back({.key = key, .message = "is empty (name a field)"});
    } else if (name.starts_with('.') || name.ends_with('.') || name.find("..") != std::string_view::npos) {
        errors.push_back(
            {.key = key, .message = fmt::format("{} has a dot with no name next to it", base::quote(name))});
    }
}

void check_names(const std::vector<std::string>& names, const std::string& key, std::vector<OptionError>& errors) {
    if (names.empty()) errors.push_back({.key = key, .message = "is empty (name at least one field)"});
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto here = fmt::format("{}[{}]", key, i);
        check_name(names[i], here, errors);
        const auto end = names.begin() + static_cast<std::ptrdiff_t>(i);
        if (!names[i].empty() && std::find(names.begin(), end, names[i]) != end)
            errors.push_back({.key = here, .message = fmt::format("{} is there twice", base::quote(names[i]))});
    }
}

}  // namespace process
