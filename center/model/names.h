// Names of what the center keeps: pipelines, clusters, groups, tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace center::model {

constexpr std::size_t kNameBytesMax = 63;

// What is wrong with it, or nothing. A name is a letter or digit and then letters, digits, `.`, `_` and `-`, all in
// lower case: it is safe in a path, a URL, a key of the store and a label of a metric.
std::optional<std::string> check_name(std::string_view name);

}  // namespace center::model
