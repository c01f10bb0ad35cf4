#include "tests/support/swarm/bird.h"

#include <utility>

#include "common/crypto/encoding.h"
#include "common/opamp/codec.h"
#include "common/opamp/instance_uid.h"

namespace swarm {

using agent::control::Reaction;

namespace {

constexpr int kOk = 200;
constexpr int kUnauthorized = 401;
constexpr std::string_view kBearer = "Bearer ";

}  // namespace

Bird::Bird(base::EventLoop& loop, BirdSettings settings, Watcher& watcher, std::function<double()> chance)
    : settings_(std::move(settings)),
      watcher_(watcher),
      session_(opamp::new_instance_uid()),
      schedule_(settings_.interval, 1, std::move(chance)),
      timer_(loop),
      http_(loop, {}, {.timeout = std::chrono::seconds(30)}) {
    report_.description.identifying = {{"service.name", "venus-agent"}, {"service.version", "swarm"}};
    report_.description.non_identifying = settings_.labels;
    report_.description.non_identifying["agent.name"] = settings_.name;
    report_.description.non_identifying["host.name"] = settings_.name;
    report_.health.healthy = true;
}

void Bird::start() {
    timer_.after(schedule_.first(), [this] { beat(); });
}

void Bird::beat() {
    net::ClientRequest request{.headers = {{"Content-Type", std::string(opamp::kContentType)}},
                               .body = opamp::encode(session_.next(report_))};
    const auto& token = credential_.empty() ? settings_.token : credential_;
    if (!token.empty()) request.headers["Authorization"] = std::string(kBearer) + token;
    sent_at_ = std::chrono::steady_clock::now();
    http_.send(settings_.url, std::move(request), [this](const auto& answer) { take(answer); });
}

void Bird::take(const base::Result<net::ClientResponse>& answer) {
    const auto message = answer && answer->status == kOk ? opamp::decode_server_to_agent(answer->body)
                                                         : base::Result<opamp::ServerToAgent>();
    if (!answer || answer->status != kOk || !message) {
        session_.lost();
        if (answer && answer->status == kUnauthorized) credential_.clear();
        watcher_.failed(!answer                 ? answer.error().message
                        : answer->status != kOk ? "status " + std::to_string(answer->status)
                                                : message.error().message);
        return timer_.after(schedule_.after_error(), [this] { beat(); });
    }
    watcher_.answered(std::chrono::steady_clock::now() - sent_at_);
    timer_.after(react(session_.answered(*message)), [this] { beat(); });
}

std::chrono::milliseconds Bird::react(const Reaction& reaction) {
    if (reaction.error) {
        watcher_.failed(*reaction.error);
        return schedule_.after_error(reaction.retry_after);
    }
    if (reaction.settings) {
        for (const auto& header : reaction.settings->headers)
            if (header.key == "Authorization" && header.value.starts_with(kBearer))
                credential_ = header.value.substr(kBearer.size());
        if (reaction.settings->heartbeat_interval_seconds > 0)
            schedule_.set_interval(std::chrono::seconds(reaction.settings->heartbeat_interval_seconds));
        report_.settings_status = {.last_hash = reaction.settings->hash, .status = opamp::ConfigStatus::applied};
    }
    const auto usual = schedule_.after_success();
    if (reaction.offered && reaction.offered->hash != report_.config_status.last_hash) take_config(*reaction.offered);
    return reaction.wants_report || session_.has_news(report_) ? schedule_.with_news() : usual;
}

void Bird::take_config(const opamp::RemoteConfig& offered) {
    report_.config_status = {.last_hash = offered.hash, .status = opamp::ConfigStatus::applied};
    if (settings_.fails) {
        report_.config_status.status = opamp::ConfigStatus::failed;
        report_.config_status.error = "as the swarm was told";
        return;
    }
    report_.effective_config = offered.files;
    const auto hash = crypto::to_hex(offered.hash);
    watcher_.config_changed(std::exchange(hash_, hash), hash);
}

}  // namespace swarm
