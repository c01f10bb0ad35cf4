// What the center gave this agent for its connection: a credential of its own, above all.
//
// `center-credential` in the data folder, sealed (durable_file.h), JSON inside:
//
//   {"hash": HEX of the offer, "headers": {NAME: VALUE, …}, "heartbeat_interval_seconds": N}
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/opamp/messages.h"

namespace agent::control {

struct OwnCredential {
    std::string hash;
    std::map<std::string, std::string> headers;  // of each request
    std::uint64_t heartbeat_interval_seconds = 0;

    friend bool operator==(const OwnCredential&, const OwnCredential&) = default;
};

// Errors: headers that HTTP does not allow, or more than there may be; another endpoint, for where the center is is the
// host's own matter.
base::Result<OwnCredential> accept_settings(const opamp::ConnectionSettings& offered);

// none: there is no file. Errors: it is damaged.
base::Result<std::optional<OwnCredential>> load_credential(const std::string& data_dir);
base::Result<void> store_credential(const std::string& data_dir, const OwnCredential& credential);

}  // namespace agent::control
