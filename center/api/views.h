// What the API shows, as JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "center/catalog/change.h"
#include "center/catalog/state.h"
#include "center/fleet/fleet.h"
#include "center/fleet/offers.h"
#include "center/model/audit_entry.h"
#include "center/rollout/gate.h"
#include "common/net/http_server.h"

namespace center::api {

net::HttpResponse json_response(std::string body, int status = 200);
net::HttpResponse error_response(int status, std::string_view error, const std::vector<catalog::Detail>& details = {});
net::HttpResponse error_response(const catalog::Refusal& refusal);

std::string revision_json(const std::string& name, const model::Revision& revision);
std::string documents_json(const std::map<std::string, model::Document>& documents);
std::string revisions_json(const model::Document& document);
std::string diff_json(const model::Document& document, const model::Revision& from, const model::Revision& to);

std::string group_json(const catalog::State& state, const model::Group& group);
std::string groups_json(const catalog::State& state);

std::string rollout_json(const model::Rollout& rollout, const model::RolloutCounts& counts);

std::string_view apply_status_of(const fleet::Agent& agent);                              // "": it has not said
std::string agent_json(fleet::Agent& agent, fleet::Fleet& fleet, fleet::Offers& offers);  // with its effective config
std::string agent_line(fleet::Agent& agent, fleet::Fleet& fleet, fleet::Offers& offers);  // without

std::string token_json(const model::Token& token, const std::string& secret = "");
std::string audit_json(const std::vector<model::AuditEntry>& entries);

std::string list_json(const std::vector<std::string>& items);  // of JSON values

}  // namespace center::api
