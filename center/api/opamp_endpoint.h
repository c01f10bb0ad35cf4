// The door for agents: OpAMP over HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "center/api/rate_limit.h"
#include "center/catalog/catalog.h"
#include "center/fleet/credentials.h"
#include "center/fleet/fleet.h"
#include "center/fleet/offers.h"
#include "common/crypto/signing.h"
#include "common/net/http_server.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace center::api {

struct OpampSettings {
    bool is_open = false;                           // agents need no token
    std::optional<crypto::SigningKey> signing_key;  // what is offered is signed with it
    std::chrono::hours offer_age_max{24};           // a signed offer expires then
};

// Answers agents as the OpAMP specification asks of a server: state that is unknown or out of order is asked for, a
// config is offered when its hash is another one than the agent's, and never again once the agent said that it cannot
// apply it; each agent is asked to take a credential of its own in place of the token with which it enrolled.
//
// Thread: the loop's. Writes nothing for a heartbeat.
class OpampEndpoint {
 public:
    OpampEndpoint(catalog::Catalog& catalog, fleet::Fleet& fleet, fleet::Offers& offers, OpampSettings settings,
                  telemetry::Registry& registry, telemetry::Log& log);

    void handle(const net::HttpRequest& request, net::HttpRespond respond);

 private:
    // Who an agent is by what it shows; where it shows a token with a number of uses, that is yet to be counted.
    struct Admission {
        std::string group;
        std::string token;
        model::TimeMs issued = 0;
        bool needs_count = false;
    };

    std::optional<Admission> admit(std::string_view secret, const std::string& uid, const fleet::Agent* known);
    void take_message(const net::HttpRequest& request, const opamp::AgentToServer& message, net::HttpRespond respond);
    opamp::ServerToAgent answer(fleet::Agent& agent, const opamp::AgentToServer& message, const Admission& admission);
    void offer_config(fleet::Agent& agent, opamp::ServerToAgent& answer);
    void offer_connection(const fleet::Agent& agent, const std::string& uid, const Admission& admission,
                          opamp::ServerToAgent& answer);
    void give_identity(const fleet::Agent& agent, const Admission& admission, opamp::ServerToAgent& answer);
    std::uint64_t manifest_revision() const;
    void remember(const std::string& hash);
    bool has_allowance(fleet::Agent& agent) const;
    void enrol(const std::string& token, std::string uid, net::HttpResponse response, net::HttpRespond respond);
    void write_uses();
    net::HttpResponse refuse(int status, opamp::ErrorType type, const std::string& why,
                             std::chrono::seconds retry_after = {});

    struct Enrolling {
        std::string uid;
        net::HttpResponse response;
        net::HttpRespond respond;
    };

    catalog::Catalog& catalog_;
    fleet::Fleet& fleet_;
    fleet::Offers& offers_;
    OpampSettings settings_;
    telemetry::Log& log_;
    telemetry::RateLimit refused_said_;
    telemetry::Counter& answered_;
    telemetry::Counter& refused_;
    telemetry::Counter& offered_;
    RateLimit wrong_tokens_;
    std::set<std::string> remembering_;                // hashes on their way into the store
    std::map<std::string, std::uint64_t> uses_taken_;  // of tokens, since they were last written
    std::vector<Enrolling> enrolling_;                 // who is answered when that is done
    bool is_writing_uses_ = false;
};

}  // namespace center::api
