#include "agent/control/center_session.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/opamp/signed_config.h"

namespace agent::control {

namespace {

namespace can = opamp::agent_capability;

constexpr std::uint64_t kCapabilities = can::kReportsStatus | can::kAcceptsRemoteConfig | can::kReportsEffectiveConfig |
                                        can::kAcceptsOpampConnectionSettings | can::kReportsHealth |
                                        can::kReportsRemoteConfig | can::kReportsHeartbeat |
                                        can::kReportsConnectionSettingsStatus;

// Since when a state lasts is no change of it.
bool same_health(const opamp::ComponentHealth& one, const opamp::ComponentHealth& other) {
    if (one.healthy != other.healthy || one.last_error != other.last_error || one.status != other.status ||
        one.components.size() != other.components.size())
        return false;
    return std::ranges::equal(one.components, other.components, [](const auto& a, const auto& b) {
        return a.first == b.first && same_health(a.second, b.second);
    });
}

std::string with_age(std::string stats, std::optional<std::chrono::seconds> age) {
    if (!age || !stats.ends_with('}')) return stats;
    stats.pop_back();
    return fmt::format("{}{}\"config_age_seconds\":{}}}", stats, stats.size() > 1 ? "," : "", age->count());
}

bool names(const std::optional<std::vector<std::string>>& capabilities, std::string_view wanted) {
    return capabilities && std::ranges::find(*capabilities, wanted) != capabilities->end();
}

}  // namespace

bool CenterSession::server_takes(std::uint64_t capability) const {
    return !server_capabilities_ || (*server_capabilities_ & capability) != 0;
}

opamp::AgentToServer CenterSession::begin() {
    return {.instance_uid = uid_, .sequence_num = ++sequence_, .capabilities = kCapabilities};
}

opamp::AgentToServer CenterSession::next(AgentReport now) {
    auto message = begin();
    const bool all = !told_.has_value();
    saying_all_ = all;
    if (all || told_->description != now.description) message.description = now.description;
    if (all || !same_health(told_->health, now.health)) message.health = now.health;
    if ((all || told_->effective_config != now.effective_config) &&
        server_takes(opamp::server_capability::kAcceptsEffectiveConfig))
        message.effective_config = now.effective_config;
    if (all || told_->config_status != now.config_status) message.remote_config_status = now.config_status;
    if (all || told_->settings_status != now.settings_status) message.connection_settings_status = now.settings_status;
    if (all) message.custom_capabilities = {std::string(kStatsCapability)};
    if (server_wants_stats_ && (all || told_->stats != now.stats))
        message.custom_message = {.capability = std::string(kStatsCapability),
                                  .type = std::string(kStatsType),
                                  .body = with_age(now.stats, now.config_age)};
    if (!server_wants_stats_) now.stats.clear();  // not told
    saying_ = std::move(now);
    return message;
}

opamp::AgentToServer CenterSession::farewell() {
    auto message = begin();
    message.disconnects = true;
    return message;
}

void CenterSession::lost() {
    saying_.reset();
}

bool CenterSession::has_news(const AgentReport& now) const {
    if (!told_) return false;  // all of it goes with the next heartbeat, unless the answer asked for it
    const bool has_other_config = told_->effective_config != now.effective_config &&
                                  server_takes(opamp::server_capability::kAcceptsEffectiveConfig);
    return has_other_config || told_->description != now.description || told_->config_status != now.config_status ||
           told_->settings_status != now.settings_status;
}

Reaction CenterSession::answered(const opamp::ServerToAgent& answer) {
    Reaction reaction;
    auto said = std::exchange(saying_, std::nullopt);
    if (answer.error) {  // by the specification, nothing else in it counts
        reaction.error = answer.error->message.empty() ? "the center refused the message" : answer.error->message;
        if (answer.error->type == opamp::ErrorType::unavailable && answer.error->retry_after_ns)
            reaction.retry_after = std::chrono::milliseconds(*answer.error->retry_after_ns / 1'000'000);
        return reaction;
    }
    if (!answer.instance_uid.empty() && answer.instance_uid != uid_) {
        reaction.error = "the answer is for another agent";
        return reaction;
    }
    if (answer.capabilities != 0) server_capabilities_ = answer.capabilities;
    if (answer.custom_capabilities) server_wants_stats_ = names(answer.custom_capabilities, kStatsCapability);
    if (said) told_ = std::move(said);
    if ((answer.flags & opamp::kReportFullState) != 0) {
        told_.reset();
        reaction.wants_report = !saying_all_;  // who asks again after all was told waits for the next heartbeat
    }
    if (answer.new_instance_uid && answer.new_instance_uid->size() == opamp::kInstanceUidBytes &&
        *answer.new_instance_uid != uid_) {
        uid_ = *answer.new_instance_uid;
        told_.reset();  // under this name the center knows nothing of us
        reaction.new_uid = uid_;
        reaction.wants_report = true;
    }
    reaction.offered = answer.remote_config;
    if (reaction.offered && reaction.offered->hash.empty())
        reaction.offered->hash = opamp::config_hash(reaction.offered->files);
    reaction.settings = answer.connection_settings;
    return reaction;
}

}  // namespace agent::control
