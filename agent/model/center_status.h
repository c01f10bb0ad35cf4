#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace agent::model {

// How the link to the center is, for `status`.
struct CenterStatus {
    std::string endpoint;  // the one that is spoken to
    std::string instance_uid;
    bool connected = false;                            // the last message was answered
    std::optional<std::chrono::seconds> last_contact;  // how long ago; none: never
    bool denied = false;                               // it knows neither our token nor our credential
    std::string error;                                 // why the last message failed; "": it did not
    std::string offered_hash;                          // hexadecimal
    std::string effective_hash;
    std::string apply_status;  // "unset" "applying" "applied" "failed"
    std::string apply_error;
    std::uint64_t revision = 0;
    std::optional<std::chrono::seconds> config_age;  // since the config that runs was found good
};

}  // namespace agent::model
