#include "center/model/token.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace center::model {

namespace {

constexpr std::array<std::string_view, 2> kKinds = {"enrolment", "operator"};
constexpr std::array<std::string_view, 3> kRoles = {"viewer", "editor", "admin"};

}  // namespace

std::string_view word_of(TokenKind kind) {
    return kKinds.at(static_cast<std::size_t>(kind));
}

std::string_view word_of(Role role) {
    return kRoles.at(static_cast<std::size_t>(role));
}

std::optional<TokenKind> token_kind_of(std::string_view word) {
    const auto* const found = std::ranges::find(kKinds, word);
    if (found == kKinds.end()) return std::nullopt;
    return static_cast<TokenKind>(found - kKinds.begin());
}

std::optional<Role> role_of(std::string_view word) {
    const auto* const found = std::ranges::find(kRoles, word);
    if (found == kRoles.end()) return std::nullopt;
    return static_cast<Role>(found - kRoles.begin());
}

}  // namespace center::model
