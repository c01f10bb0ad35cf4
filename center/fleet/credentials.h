// What an agent shows after it has enrolled: made from the center's secret, so that none need be kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "center/model/time.h"

namespace center::fleet {

// Whose credential it is, since when, and to which group the agent belongs ("": its labels decide).
struct Credential {
    std::string uid_hex;
    std::string group;
    model::TimeMs issued = 0;

    friend bool operator==(const Credential&, const Credential&) = default;
};

// "vac_…": the members, and a keyed hash over them.
std::string issue(const Credential& credential, std::string_view secret);
std::optional<Credential> verify(std::string_view text, std::string_view secret);

constexpr std::string_view kCredentialMark = "vac_";

}  // namespace center::fleet
