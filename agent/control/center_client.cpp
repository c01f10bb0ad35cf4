#include "agent/control/center_client.h"

#include <charconv>
#include <random>
#include <utility>

#include "agent/control/instance_uid.h"
#include "common/base/assert.h"
#include "common/base/text.h"
#include "common/crypto/encoding.h"
#include "common/net/gzip.h"
#include "common/opamp/codec.h"
#include "common/opamp/instance_uid.h"

namespace agent::control {

namespace {

constexpr std::chrono::milliseconds kShardPatience{500};  // then a heartbeat goes without it
constexpr std::chrono::milliseconds kGoodbyePatience{1'000};
constexpr std::chrono::milliseconds kRequestTimeout{10'000};
constexpr std::size_t kGzipBytesMin = 1024;  // less is not worth it
constexpr int kOk = 200;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;

std::vector<base::Url> urls_of(const config::CenterConfig& center) {
    std::vector<base::Url> urls;
    urls.reserve(center.endpoints.size());
    for (const auto& endpoint : center.endpoints) urls.push_back(base::parse_url(endpoint).value());  // load() checked
    AGENT_ASSERT(!urls.empty());
    return urls;
}

std::function<double()> chance() {
    return [engine = std::mt19937_64(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(engine);
    };
}

// In seconds; the other form of it, a date, is not worth a clock that may differ.
std::optional<std::chrono::milliseconds> retry_after(const net::ClientResponse& response) {
    const auto found = response.headers.find("retry-after");
    if (found == response.headers.end()) return std::nullopt;
    std::uint32_t seconds = 0;
    const auto& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return std::chrono::seconds(seconds);
}

// A line of what a server had to say to people, for the log and `status`.
std::string describe(const net::ClientResponse& response) {
    constexpr std::size_t kShownMax = 200;
    auto text = response.body.substr(0, std::min(response.body.find('\n'), kShownMax));
    const auto type = response.headers.find("content-type");
    if (type != response.headers.end() && type->second.starts_with(opamp::kContentType)) {
        const auto answer = opamp::decode_server_to_agent(response.body);
        text = answer && answer->error ? answer->error->message : "";
    }
    return text.empty() ? fmt::format("HTTP status {}", response.status)
                        : fmt::format("HTTP status {}: {}", response.status, base::quote(text));
}

}  // namespace

base::Result<std::unique_ptr<CenterClient>> CenterClient::create(base::EventLoop& control,
                                                                 const config::CenterConfig& center, AboutAgent about,
                                                                 ConfigApplier& applier,
                                                                 pipeline::PipelineSet& pipelines,
                                                                 ControlProbe& probe) {
    auto uid = load_instance_uid(applier.effective().agent.data_dir);
    if (!uid) return std::unexpected(uid.error());
    std::unique_ptr<CenterClient> client(
        new CenterClient(control, center, std::move(about), applier, pipelines, probe, std::move(*uid)));
    client->load_own();
    return client;
}

CenterClient::CenterClient(base::EventLoop& control, const config::CenterConfig& center, AboutAgent about,
                           ConfigApplier& applier, pipeline::PipelineSet& pipelines, ControlProbe& probe,
                           std::string uid)
    : control_(control),
      center_(center),
      about_(std::move(about)),
      applier_(applier),
      pipelines_(pipelines),
      probe_(probe),
      urls_(urls_of(center)),
      session_(std::move(uid)),
      schedule_(center.heartbeat_interval, urls_.size(), chance()),
      timer_(control),
      patience_(control),
      http_(control, {.ca_file = center.ca_file, .cert_file = center.cert_file, .key_file = center.key_file},
            {.timeout = kRequestTimeout,
             .body_bytes_max = opamp::kBodyBytesMax,
             .inflated_bytes_max = opamp::kInflatedBytesMax}) {
    about_.instance_id = opamp::instance_uid_text(session_.instance_uid());
}

CenterClient::~CenterClient() {
    applier_.on_status({});
}

void CenterClient::load_own() {
    auto own = load_credential(applier_.effective().agent.data_dir);
    if (!own) return probe_.kept_config_damaged(own.error().message);
    own_ = std::move(*own);
    if (!own_) return;
    settings_status_ = {.last_hash = own_->hash, .status = opamp::ConfigStatus::applied, .error = {}};
    if (own_->heartbeat_interval_seconds > 0)
        schedule_.set_interval(std::chrono::seconds(own_->heartbeat_interval_seconds));
}

void CenterClient::start() {
    applier_.on_status([this] { news(); });
    timer_.after(schedule_.first(), [this] { beat(); });
}

// Soon; a message that is on its way tells on its return whether there is still something to say.
void CenterClient::news() {
    if (is_busy_ || has_trouble_ || is_ending_ || !contact_) return;
    timer_.after(schedule_.with_news(), [this] { beat(); });
}

// The pipelines are asked first, and not waited for.
void CenterClient::beat() {
    if (is_busy_ || is_ending_) return;
    is_busy_ = true;
    const auto go = [this] {
        patience_.cancel();
        send(session_.next(report()), [this](base::Result<net::ClientResponse> answer) { sent(std::move(answer)); });
    };
    patience_.after(kShardPatience, [this, go] {
        shard_.reset();
        go();
    });
    if (std::exchange(is_asking_, true)) return;
    pipelines_.status([this, go](pipeline::ShardStatus status) {
        is_asking_ = false;
        const bool is_late = !is_busy_ || http_is_busy_;
        shard_ = std::move(status);
        if (!is_late && !is_ending_) go();
    });
}

AgentReport CenterClient::report() const {
    return {.description = describe(about_, applier_.effective().agent),
            .health = health_of(
                about_, applier_.effective(), shard_,
                {.failed = pipelines_.failed(), .unfollowed = pipelines_.unfollowed(), .refused = applier_.refused()},
                std::chrono::system_clock::now()),
            .effective_config = applier_.effective_files(),
            .config_status = applier_.status(),
            .settings_status = settings_status_,
            .stats = shard_ ? stats_of(*shard_, applier_.revision()) : std::string(),
            .config_age = config_age()};
}

std::optional<std::chrono::seconds> CenterClient::config_age() const {
    const auto applied = applier_.applied_at();
    if (!applied) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - *applied);
}

void CenterClient::send(const opamp::AgentToServer& message, net::HttpClient::Answered answered) {
    net::ClientRequest request{.method = "POST", .headers = {}, .body = opamp::encode(message)};
    used_own_ = own_ && !own_is_refused_ && !own_->headers.empty();
    if (!center_.token.empty()) request.headers["Authorization"] = "Bearer " + center_.token;
    if (used_own_)
        for (const auto& [name, value] : own_->headers) request.headers[name] = value;
    request.headers["Content-Type"] = opamp::kContentType;
    request.headers["OpAMP-Instance-UID"] = opamp::instance_uid_text(session_.instance_uid());
    if (request.body.size() >= kGzipBytesMin) {
        request.body = net::gzip(request.body);
        request.headers["Content-Encoding"] = "gzip";
    }
    http_is_busy_ = true;
    http_.send(urls_[at_], std::move(request), std::move(answered));
}

void CenterClient::sent(base::Result<net::ClientResponse> answer) {
    is_busy_ = false;
    http_is_busy_ = false;
    if (is_ending_) return;
    is_denied_ = false;
    if (!answer) return trouble(answer.error().message, std::nullopt, false);
    if (answer->status == kOk) return accept(*answer);
    const bool is_denied = answer->status == kUnauthorized || answer->status == kForbidden;
    if (is_denied && !used_own_) own_is_refused_ = false;  // by turns: who refused it may have been mistaken
    if (is_denied && used_own_ && !center_.token.empty()) {
        own_is_refused_ = true;
        probe_.credential_refused();
    }
    is_denied_ = is_denied;
    trouble(describe(*answer), retry_after(*answer), true);
}

void CenterClient::accept(const net::ClientResponse& response) {
    const auto answer = opamp::decode_server_to_agent(response.body);
    if (!answer) return trouble(answer.error().message, std::nullopt, false);
    auto reaction = session_.answered(*answer);
    if (reaction.error) return trouble(*reaction.error, reaction.retry_after, true);
    probe_.heartbeat_answered(endpoint());
    has_trouble_ = false;
    error_.clear();
    contact_ = control_.now();
    react(std::move(reaction));
}

void CenterClient::react(Reaction reaction) {
    timer_.after(schedule_.after_success(), [this] { beat(); });
    if (reaction.new_uid) {
        about_.instance_id = opamp::instance_uid_text(*reaction.new_uid);
        probe_.uid_replaced(about_.instance_id);
        if (const auto stored = store_instance_uid(applier_.effective().agent.data_dir, *reaction.new_uid); !stored)
            probe_.file_not_kept(stored.error().message);
    }
    if (reaction.settings) take_settings(*reaction.settings);
    if (reaction.offered) applier_.offer(*reaction.offered);
    if (reaction.wants_report || session_.has_news(report())) news();
}

void CenterClient::take_settings(const opamp::ConnectionSettings& offered) {
    if (settings_status_ && settings_status_->last_hash == offered.hash && !own_is_refused_) return;
    auto accepted = accept_settings(offered);
    if (accepted) {
        auto stored = store_credential(applier_.effective().agent.data_dir, *accepted);
        if (!stored) accepted = std::unexpected(stored.error());
    }
    if (!accepted) {
        probe_.settings_refused(accepted.error().message);
        settings_status_ = {
            .last_hash = offered.hash, .status = opamp::ConfigStatus::failed, .error = accepted.error().message};
        return;
    }
    settings_status_ = {.last_hash = offered.hash, .status = opamp::ConfigStatus::applied, .error = {}};
    if (!accepted->headers.empty()) probe_.credential_received();
    own_ = std::move(*accepted);
    own_is_refused_ = false;
    if (own_->heartbeat_interval_seconds == 0) return;
    const auto before = schedule_.interval();
    schedule_.set_interval(std::chrono::seconds(own_->heartbeat_interval_seconds));
    if (schedule_.interval() == before) return;
    probe_.interval_changed(schedule_.interval());
    timer_.after(schedule_.after_success(), [this] { beat(); });
}

void CenterClient::trouble(const std::string& why, std::optional<std::chrono::milliseconds> retry_after,
                           bool is_refusal) {
    session_.lost();
    if (is_refusal) {
        probe_.heartbeat_refused(endpoint(), why);
    } else {
        probe_.heartbeat_failed(endpoint(), why);
    }
    error_ = why;
    has_trouble_ = true;
    at_ = (at_ + 1) % urls_.size();
    timer_.after(schedule_.after_error(retry_after), [this] { beat(); });
}

void CenterClient::goodbye(base::Task said) {
    is_ending_ = true;
    timer_.cancel();
    patience_.cancel();
    http_.cancel();
    if (has_trouble_ || !contact_) return said();
    auto shared = std::make_shared<base::Task>(std::move(said));
    const auto end = [shared] {
        if (auto task = std::exchange(*shared, nullptr)) task();
    };
    patience_.after(kGoodbyePatience, [this, end] {
        http_.cancel();
        end();
    });
    send(session_.farewell(), [this, end](const base::Result<net::ClientResponse>&) {
        patience_.cancel();
        end();
    });
}

model::CenterStatus CenterClient::status() const {
    const auto& config = applier_.status();
    model::CenterStatus status{.endpoint = endpoint(),
                               .instance_uid = about_.instance_id,
                               .connected = contact_.has_value() && !has_trouble_,
                               .last_contact = {},
                               .denied = is_denied_,
                               .error = error_,
                               .offered_hash = crypto::to_hex(config.last_hash),
                               .effective_hash = crypto::to_hex(applier_.effective_hash()),
                               .apply_status = std::string(word_of(config.status)),
                               .apply_error = config.error,
                               .revision = applier_.revision(),
                               .config_age = config_age()};
    if (contact_) status.last_contact = std::chrono::duration_cast<std::chrono::seconds>(control_.now() - *contact_);
    return status;
}

}  // namespace agent::control
