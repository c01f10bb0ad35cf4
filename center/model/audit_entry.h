#pragma once

#include <cstdint>
#include <string>

#include "center/model/time.h"

namespace center::model {

// Who changed what and when; written with the change itself, never changed or removed.
struct AuditEntry {
    std::uint64_t number = 0;
    TimeMs at = 0;
    std::string who;     // an operator, or "center"
    std::string action;  // "pipeline.put"
    std::string target;  // "nginx"
    std::string detail;  // "revision 3"

    friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};

}  // namespace center::model
