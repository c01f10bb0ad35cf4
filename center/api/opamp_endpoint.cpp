#include "center/api/opamp_endpoint.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "center/api/access.h"
#include "center/api/rollout_driver.h"
#include "center/catalog/plans.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"
#include "common/net/gzip.h"
#include "common/opamp/codec.h"
#include "common/opamp/instance_uid.h"
#include "common/opamp/signed_config.h"

namespace center::api {

namespace {

using std::chrono::seconds;

constexpr double kMessagesPerSecond = 10;  // of one agent
constexpr double kMessagesAtOnce = 30;
constexpr RateLimit::Rate kWrongTokens{.per_second = 2, .at_once = 50};  // of one address
constexpr std::size_t kPlainBytesMax = 1024;  // a larger answer is compressed for who takes that
constexpr seconds kBusyPause{10};

constexpr std::uint64_t kCapabilities =
    opamp::server_capability::kAcceptsStatus | opamp::server_capability::kOffersRemoteConfig |
    opamp::server_capability::kAcceptsEffectiveConfig | opamp::server_capability::kOffersConnectionSettings;

net::HttpResponse encoded(const opamp::ServerToAgent& answer, int status = 200) {
    return {.status = status, .content_type = std::string(opamp::kContentType), .body = opamp::encode(answer)};
}

bool takes_gzip(const net::HttpRequest& request) {
    return net::find_header(request.headers, "accept-encoding").find("gzip") != std::string_view::npos;
}

void compress_for(const net::HttpRequest& request, net::HttpResponse& response) {
    if (response.body.size() <= kPlainBytesMax || !takes_gzip(request)) return;
    response.body = net::gzip(response.body);
    response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace

OpampEndpoint::OpampEndpoint(catalog::Catalog& catalog, fleet::Fleet& fleet, fleet::Offers& offers,
                             OpampSettings settings, telemetry::Registry& registry, telemetry::Log& log)
    : catalog_(catalog),
      fleet_(fleet),
      offers_(offers),
      settings_(std::move(settings)),
      log_(log),
      refused_said_(seconds(10)),
      answered_(registry.counter("venus_center_messages_total", "Messages of agents", {{"result", "answered"}})),
      refused_(registry.counter("venus_center_messages_total", "Messages of agents", {{"result", "refused"}})),
      offered_(registry.counter("venus_center_configs_offered_total", "Configs sent to agents", {})),
      wrong_tokens_(kWrongTokens) {}

net::HttpResponse OpampEndpoint::refuse(int status, opamp::ErrorType type, const std::string& why,
                                        seconds retry_after) {
    refused_.add();
    if (refused_said_.allow(fleet::Clock::now()))
        log_.warn("message of an agent is refused",
                  {{"status", status}, {"why", why}, {"suppressed", refused_said_.suppressed()}});
    opamp::ServerToAgent answer{.error = opamp::ErrorResponse{.type = type, .message = why}};
    if (retry_after.count() > 0)
        answer.error->retry_after_ns =
            static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(retry_after).count());
    auto response = encoded(answer, status);
    if (retry_after.count() > 0) response.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
    return response;
}

void OpampEndpoint::handle(const net::HttpRequest& request, net::HttpRespond respond) {
    using opamp::ErrorType;
    if (request.target != "/v1/opamp") return respond({.status = 404, .body = "no such page\n"});
    if (request.method != "POST")
        return respond({.status = 405, .body = "agents POST here\n", .headers = {{"Allow", "POST"}}});
    // Others behind the same address are not shut out: who comes with a credential is heard.
    if (!wrong_tokens_.allows(request.peer, fleet::Clock::now()) &&
        !fleet::verify(bearer_of(request.headers), catalog_.state().secret))
        return respond(refuse(429, ErrorType::unavailable, "too many wrong tokens from this address", kBusyPause));
    const auto type = net::find_header(request.headers, "content-type");
    if (!type.starts_with(opamp::kContentType))
        return respond(
            refuse(400, ErrorType::bad_request, fmt::format("the content type is not {}", opamp::kContentType)));
    const auto encoding = net::find_header(request.headers, "content-encoding");
    if (!encoding.empty() && encoding != "gzip" && encoding != "identity")
        return respond(refuse(400, ErrorType::bad_request, "the content encoding is not gzip"));
    std::string inflated;
    if (encoding == "gzip") {
        auto plain = net::gunzip(request.body, opamp::kInflatedBytesMax);
        if (!plain) return respond(refuse(400, ErrorType::bad_request, plain.error().message));
        inflated = std::move(*plain);
    }
    auto message = opamp::decode_agent_to_server(encoding == "gzip" ? inflated : request.body);
    if (!message) return respond(refuse(400, ErrorType::bad_request, message.error().message));
    if (message->instance_uid.size() != opamp::kInstanceUidBytes)
        return respond(refuse(400, ErrorType::bad_request, "instance_uid is not 16 bytes long"));
    take_message(request, *message, std::move(respond));
}

void OpampEndpoint::take_message(const net::HttpRequest& request, const opamp::AgentToServer& message,
                                 net::HttpRespond respond) {
    using opamp::ErrorType;
    auto* agent = fleet_.find(message.instance_uid);
    const auto admission = admit(bearer_of(request.headers), message.instance_uid, agent);
    if (!admission) {
        (void)wrong_tokens_.take(request.peer, fleet::Clock::now());
        return respond(refuse(401, ErrorType::bad_request, "the token is missing, unknown, expired or used up"));
    }
    if (!agent) agent = fleet_.admit(message.instance_uid);
    if (!agent) return respond(refuse(503, ErrorType::unavailable, "there are too many agents", seconds(60)));
    if (!has_allowance(*agent))
        return respond(refuse(429, ErrorType::unavailable, "too many messages from this agent", seconds(1)));
    auto response = encoded(answer(*agent, message, *admission));
    compress_for(request, response);
    answered_.add();
    if (!admission->needs_count) return respond(std::move(response));
    enrol(admission->token, message.instance_uid, std::move(response), std::move(respond));
}

std::optional<OpampEndpoint::Admission> OpampEndpoint::admit(std::string_view secret, const std::string& uid,
                                                             const fleet::Agent* known) {
    const auto& state = catalog_.state();
    const auto now = unix_now();
    if (const auto credential = fleet::verify(secret, state.secret)) {
        const auto banned = state.banned.find(credential->uid_hex);
        const bool is_banned = banned != state.banned.end() && credential->issued <= banned->second;
        if (!is_banned && credential->uid_hex == crypto::to_hex(uid))
            return Admission{.group = credential->group, .issued = credential->issued};
    } else if (const auto* token = find_token(state, model::TokenKind::of_agents, secret, now)) {
        Admission admission{.group = token->group, .token = token->id, .issued = now};
        if (known && known->token == token->id) return admission;  // its last answer may have been lost
        const auto taken = uses_taken_.find(token->id);
        if (!token->uses_left || (taken == uses_taken_.end() ? 0 : taken->second) < *token->uses_left) {
            admission.needs_count = token->uses_left.has_value();
            return admission;
        }
    }
    if (settings_.is_open) return Admission{.issued = now};
    return std::nullopt;
}

bool OpampEndpoint::has_allowance(fleet::Agent& agent) const {
    const auto now = fleet::Clock::now();
    if (agent.allowance_at == fleet::Clock::time_point{}) {
        agent.messages_left = kMessagesAtOnce;
    } else {
        const std::chrono::duration<double> passed = now - agent.allowance_at;
        agent.messages_left = std::min(kMessagesAtOnce, agent.messages_left + passed.count() * kMessagesPerSecond);
    }
    agent.allowance_at = now;
    if (agent.messages_left < 1) return false;
    agent.messages_left -= 1;
    return true;
}

opamp::ServerToAgent OpampEndpoint::answer(fleet::Agent& agent, const opamp::AgentToServer& message,
                                           const Admission& admission) {
    opamp::ServerToAgent answer{.instance_uid = message.instance_uid, .capabilities = kCapabilities};
    const auto order = agent.sequence.take(message.sequence_num);
    if (order == fleet::Sequence::duplicate) {
        give_identity(agent, admission, answer);
        return answer;  // what it says of itself is not what the other one is
    }
    if (agent.group != admission.group) {
        agent.group = admission.group;
        agent.wanted_at = 0;
    }
    if (!admission.token.empty()) agent.token = admission.token;
    const bool is_new = !agent.is_described;
    fleet_.take(agent, message, fleet::Clock::now(), unix_now());
    if (message.disconnects) return answer;
    if ((message.flags & opamp::kRequestInstanceUid) != 0) {
        give_identity(agent, admission, answer);
        return answer;
    }
    const bool is_full = message.description.has_value();
    if (!agent.is_described || (order == fleet::Sequence::gap && !is_full)) answer.flags |= opamp::kReportFullState;
    if (is_full || is_new) answer.custom_capabilities = {std::string(fleet::kStatsCapability)};
    if (agent.asked_interval != fleet_.limits().heartbeat_interval || !admission.token.empty()) {
        agent.asked_interval = fleet_.limits().heartbeat_interval;
        offer_connection(agent, message.instance_uid, admission, answer);
    }
    if (answer.flags == 0) offer_config(agent, answer);
    return answer;
}

// With a credential for it, as the one it has is for the uid that it leaves.
void OpampEndpoint::give_identity(const fleet::Agent& agent, const Admission& admission, opamp::ServerToAgent& answer) {
    const auto uid = opamp::new_instance_uid();
    answer.new_instance_uid = uid;
    offer_connection(agent, uid, admission, answer);
    log_.warn("agent is given another uid: two use this one, or it asked for one",
              {{"agent", agent.name}, {"uid", agent.id}, {"new_uid", opamp::instance_uid_text(uid)}});
}

void OpampEndpoint::offer_config(fleet::Agent& agent, opamp::ServerToAgent& answer) {
    if (!agent.takes_config()) return;
    const auto& wanted = offers_.wanted(agent);
    if (!wanted) return;
    const auto hash = fleet::Offers::hash_for(agent, *wanted);
    if (agent.status.last_hash == hash || agent.has_failed(hash)) return;
    const bool tells = (agent.capabilities & opamp::agent_capability::kReportsRemoteConfig) != 0;
    if (!tells && agent.offered_hash == hash) return;
    remember(hash);
    answer.remote_config = opamp::RemoteConfig{.files = wanted->files, .hash = hash};
    if (settings_.signing_key || agent.is_ours) {
        const auto expires = std::chrono::system_clock::now() + settings_.offer_age_max;
        opamp::add_manifest(
            answer.remote_config->files,
            {.revision = manifest_revision(), .expires = std::chrono::time_point_cast<seconds>(expires)},
            settings_.signing_key ? &*settings_.signing_key : nullptr);
    }
    offered_.add();
    if (agent.offered_hash == hash) return;
    agent.offered_hash = hash;
    agent.offered_since = fleet::Clock::now();
}

// Signed, it must grow with each other config that an agent gets, even if the store has not changed: by its labels an
// agent may come under another group. Else it is the store's, the same for all agents.
std::uint64_t OpampEndpoint::manifest_revision() const {
    const auto revision = catalog_.state().revision;
    return settings_.signing_key ? std::max(revision, static_cast<std::uint64_t>(unix_now())) : revision;
}

void OpampEndpoint::offer_connection(const fleet::Agent& agent, const std::string& uid, const Admission& admission,
                                     opamp::ServerToAgent& answer) {
    if ((agent.capabilities & opamp::agent_capability::kAcceptsOpampConnectionSettings) == 0) return;
    const auto interval = fleet_.limits().heartbeat_interval;
    opamp::ConnectionSettings settings{.heartbeat_interval_seconds = static_cast<std::uint64_t>(interval.count())};
    const auto& secret = catalog_.state().secret;
    if (!secret.empty() && (!settings_.is_open || !admission.token.empty())) {
        const auto credential = fleet::issue(
            {.uid_hex = crypto::to_hex(uid), .group = admission.group, .issued = admission.issued}, secret);
        settings.headers.push_back({.key = "Authorization", .value = "Bearer " + credential});
    }
    auto text = fmt::format("{}", settings.heartbeat_interval_seconds);
    for (const auto& [key, value] : settings.headers) text += fmt::format("\n{}: {}", key, value);
    settings.hash = crypto::sha256(text);
    answer.connection_settings = std::move(settings);
}

// So that after a restart the center knows which configs are its own. Nobody waits for it: should it be lost, an agent
// keeps what it has.
void OpampEndpoint::remember(const std::string& hash) {
    if (catalog_.state().offered.contains(hash) || !remembering_.insert(hash).second) return;
    catalog_.change(
        [hash](const catalog::State& state) -> catalog::Planned {
            return catalog::remember_offered(state, hash, unix_now());
        },
        [this, hash](const auto&) { remembering_.erase(hash); });
}

// Answers once the use of the token is counted. Many agents that enrol at once share a write.
void OpampEndpoint::enrol(const std::string& token, std::string uid, net::HttpResponse response,
                          net::HttpRespond respond) {
    ++uses_taken_[token];
    enrolling_.push_back({std::move(uid), std::move(response), std::move(respond)});
    if (!is_writing_uses_) write_uses();
}

void OpampEndpoint::write_uses() {
    if (enrolling_.empty()) return;
    is_writing_uses_ = true;
    auto taken = uses_taken_;
    auto served = std::make_shared<std::vector<Enrolling>>(std::exchange(enrolling_, {}));
    auto plan = [taken](const catalog::State& state) -> catalog::Planned {
        std::map<std::string, std::uint64_t> left;
        for (const auto& [id, uses] : taken)
            if (const auto token = state.tokens.find(id); token != state.tokens.end() && token->second.uses_left)
                left[id] = *token->second.uses_left - std::min(uses, *token->second.uses_left);
        return catalog::count_uses(state, left);
    };
    catalog_.change(std::move(plan), [this, taken, served](const auto& done) {
        for (const auto& [id, uses] : taken) {
            auto& left = uses_taken_[id];
            left -= std::min(left, uses);
        }
        std::erase_if(uses_taken_, [](const auto& entry) { return entry.second == 0; });
        for (auto& one : *served) {
            if (done) {
                one.respond(std::move(one.response));
                continue;
            }
            if (auto* agent = fleet_.find(one.uid)) agent->token.clear();  // not enrolled: the next time counts
            one.respond(refuse(503, opamp::ErrorType::unavailable, done.error().error, kBusyPause));
        }
        is_writing_uses_ = false;
        write_uses();
    });
}

}  // namespace center::api
