#include "center/fleet/fleet.h"

#include <algorithm>

#include "center/fleet/stats_json.h"
#include "center/rollout/bucket.h"
#include "common/opamp/instance_uid.h"
#include "common/opamp/signed_config.h"

namespace center::fleet {

namespace {

constexpr std::size_t kFailedMax = 16;
constexpr std::size_t kTextBytesMax = 4096;  // of what an agent says of itself
constexpr std::size_t kLabelsMax = 64;
constexpr std::size_t kEffectiveBytesMax = 1ULL << 20;
constexpr std::string_view kLabel = "label.";
constexpr int kMissedMax = 3;  // heartbeats

std::string bounded(const std::string& text) {
    return text.substr(0, kTextBytesMax);
}

std::string attribute(const opamp::Attributes& attributes, const std::string& name) {
    const auto found = attributes.find(name);
    return found == attributes.end() ? "" : bounded(found->second);
}

const opamp::ComponentHealth* sickest(const opamp::ComponentHealth& health) {
    for (const auto& [name, part] : health.components)
        if (!part.healthy) return sickest(part);
    return &health;
}

}  // namespace

std::chrono::milliseconds FleetLimits::patience() const {
    constexpr std::chrono::seconds kLeast{5};
    return std::max<std::chrono::milliseconds>(kMissedMax * heartbeat_interval, kLeast);
}

bool Agent::has_failed(const std::string& hash) const {
    return std::ranges::find(failed, hash) != failed.end();
}

Agent* Fleet::find(std::string_view uid) {
    const auto found = agents_.find(uid);
    return found == agents_.end() ? nullptr : found->second.get();
}

Agent* Fleet::find_by_id_or_name(std::string_view id_or_name) {
    Agent* named = nullptr;
    for (const auto& [uid, agent] : agents_) {
        if (agent->id == id_or_name) return agent.get();
        if (agent->name != id_or_name) continue;
        if (named) return nullptr;  // which one?
        named = agent.get();
    }
    return named;
}

Agent* Fleet::admit(std::string_view uid) {
    if (agents_.size() >= limits_.agents_max) return nullptr;
    auto agent = std::make_unique<Agent>();
    agent->uid = uid;
    agent->id = opamp::instance_uid_text(uid);
    agent->bucket = rollout::bucket_of(agent->id);
    return agents_.emplace(std::string(uid), std::move(agent)).first->second.get();
}

void Fleet::forget(const std::string& uid) {
    agents_.erase(uid);
}

void Fleet::forget_silent(Clock::time_point now) {
    std::erase_if(agents_, [&](const auto& entry) { return now - entry.second->last_seen > limits_.silent_kept; });
    std::erase_if(effective_, [](const auto& entry) { return entry.second.expired(); });
}

bool Fleet::is_online(const Agent& agent, Clock::time_point now) const {
    return !agent.has_left && now - agent.last_seen <= limits_.patience();
}

void Fleet::take(Agent& agent, const opamp::AgentToServer& message, Clock::time_point now, model::TimeMs at) {
    agent.last_seen = now;
    agent.last_heartbeat = at;
    agent.has_left = message.disconnects;
    agent.capabilities = message.capabilities;
    if (message.description) take_description(agent, *message.description);
    if (message.health) {
        const auto* worst = sickest(*message.health);
        agent.is_healthy = message.health->healthy && worst->healthy;
        agent.health_error =
            agent.is_healthy ? "" : bounded(worst->last_error.empty() ? worst->status : worst->last_error);
    }
    if (message.remote_config_status) take_status(agent, *message.remote_config_status, at);
    if (message.effective_config) take_effective(agent, *message.effective_config);
    const auto& custom = message.custom_message;
    if (custom && custom->capability == kStatsCapability)
        agent.stats = stats_of(custom->body, agent.stats.value_or(Stats{}));
}

void Fleet::take_description(Agent& agent, const opamp::AgentDescription& description) {
    agent.is_described = true;
    agent.is_ours = attribute(description.identifying, "service.name") == "venus-agent";
    agent.version = attribute(description.identifying, "service.version");
    agent.name = attribute(description.non_identifying, "agent.name");
    if (agent.name.empty()) agent.name = attribute(description.non_identifying, "host.name");
    if (agent.name.empty()) agent.name = attribute(description.identifying, "service.name");
    model::Labels labels;
    for (const auto& [key, value] : description.non_identifying)
        if (key.starts_with(kLabel) && labels.size() < kLabelsMax)
            labels.emplace(bounded(key.substr(kLabel.size())), bounded(value));
    if (labels == agent.labels) return;
    agent.labels = std::move(labels);
    agent.wanted_at = 0;
}

void Fleet::take_status(Agent& agent, const opamp::RemoteConfigStatus& status, model::TimeMs at) {
    if (status.last_hash != agent.status.last_hash || status.status != agent.status.status) agent.status_since = at;
    agent.status = status;
    agent.status.error = bounded(status.error);
    agent.wanted_at = 0;  // whether it may be offered nothing depends on what it has
    if (status.last_hash.empty()) return;
    if (status.status == opamp::ConfigStatus::applied) {
        agent.applied_hash = status.last_hash;
        std::erase(agent.failed, status.last_hash);
    } else if (status.status == opamp::ConfigStatus::failed && !agent.has_failed(status.last_hash)) {
        agent.failed.push_back(status.last_hash);
        if (agent.failed.size() > kFailedMax) agent.failed.pop_front();
    }
}

void Fleet::take_effective(Agent& agent, const opamp::ConfigFiles& files) {
    std::size_t bytes = 0;
    for (const auto& [name, file] : files) bytes += name.size() + file.body.size();
    if (bytes > kEffectiveBytesMax) {
        agent.effective = nullptr;
        agent.effective_hash.clear();
        return;
    }
    agent.effective_hash = opamp::config_hash(files);
    auto& kept = effective_[agent.effective_hash];
    agent.effective = kept.lock();
    if (agent.effective) return;
    agent.effective = std::make_shared<const opamp::ConfigFiles>(files);
    kept = agent.effective;
}

}  // namespace center::fleet
