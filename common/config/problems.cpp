#include "common/config/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"

namespace config {

namespace {

// Shorter texts are no secrets, and replacing them would garble the words around them.
constexpr std::size_t kSecretBytesMin = 4;

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    if (what.empty()) return;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

std::string hide_resolved(std::string message, const Value& value) {
    if (value.text == value.written) return message;
    replace_all(message, base::quote(value.text), base::quote(value.written));
    if (value.text.size() >= kSecretBytesMin) replace_all(message, value.text, value.written);
    return message;
}

Problem problem_at(Position at, std::string key, std::string message) {
    return {.line = at.line, .column = at.column, .key = std::move(key), .message = std::move(message)};
}

}  // namespace

void Problems::add(const Value& value, std::string message) {
    found_.push_back(problem_at(value.at, value.key, hide_resolved(std::move(message), value)));
}

void Problems::add_unknown(const Value& value, std::string message) {
    found_.push_back(problem_at(value.name_at, value.key, std::move(message)));
}

void Problems::add_missing(const Value& table, std::string_view name, std::string message) {
    auto key = table.key.empty() ? std::string(name) : fmt::format("{}.{}", table.key, name);
    found_.push_back(problem_at(table.at, std::move(key), std::move(message)));
}

std::vector<Problem> Problems::take() {
    std::ranges::sort(found_, {}, [](const Problem& p) { return std::tie(p.line, p.column, p.key); });
    return std::exchange(found_, {});
}

}  // namespace config
