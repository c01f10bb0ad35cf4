// Values of the store ↔ the model. JSON; whatever bytes come, they are read or refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "center/model/audit_entry.h"
#include "center/model/document.h"
#include "center/model/group.h"
#include "center/model/rollout.h"
#include "center/model/token.h"
#include "common/base/result.h"

namespace center::catalog {

std::string encode(const model::Group& group);
std::string encode(const model::Placement& placement);
std::string encode(const model::Rollout& rollout);
std::string encode(const model::Token& token);
std::string encode(const model::AuditEntry& entry);
std::string encode_revision(const model::Revision& revision);  // without number and body
std::string encode_document(bool is_deleted);
std::string encode_time(model::TimeMs at);

base::Result<model::Group> decode_group(std::string_view bytes);
base::Result<model::Placement> decode_placement(std::string_view bytes);
base::Result<model::Rollout> decode_rollout(std::string_view bytes);
base::Result<model::Token> decode_token(std::string_view bytes);
base::Result<model::AuditEntry> decode_audit_entry(std::string_view bytes);
base::Result<model::Revision> decode_revision(std::string_view bytes);
base::Result<bool> decode_document(std::string_view bytes);
base::Result<model::TimeMs> decode_time(std::string_view bytes);

}  // namespace center::catalog
