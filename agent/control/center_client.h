// The agent's link to its center: OpAMP over HTTP polling.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/control/agent_report.h"
#include "agent/control/center_session.h"
#include "agent/control/config_applier.h"
#include "agent/control/control_probe.h"
#include "agent/control/heartbeat_schedule.h"
#include "agent/control/own_credential.h"
#include "agent/model/center_status.h"
#include "agent/pipeline/pipeline_set.h"
#include "common/base/event_loop.h"
#include "common/base/url.h"
#include "common/config/config.h"
#include "common/net/http_client.h"

namespace agent::control {

// Sends a heartbeat each interval, and news soon; hands offers to the applier. One message at a time, made when it is
// sent: there is no queue of old ones. A pipeline that is stuck is told as such, and stops nothing here; a center that
// is gone touches no pipeline.
//
// Life: made with what it reports on; goodbye() before the end. Thread: the control thread.
// Crash: the instance uid and the credential are on the disk before they are used.
class CenterClient {
 public:
    // Reads what earlier runs were given out of the data folder. Errors: no uid there, and none to be written.
    static base::Result<std::unique_ptr<CenterClient>> create(base::EventLoop& control,
                                                              const config::CenterConfig& center, AboutAgent about,
                                                              ConfigApplier& applier, pipeline::PipelineSet& pipelines,
                                                              ControlProbe& probe);
    ~CenterClient();
    CenterClient(const CenterClient&) = delete;
    CenterClient& operator=(const CenterClient&) = delete;

    void start();
    void goodbye(base::Task said);  // tells the center that the agent ends; waits for it a moment at most
    model::CenterStatus status() const;

 private:
    CenterClient(base::EventLoop& control, const config::CenterConfig& center, AboutAgent about, ConfigApplier& applier,
                 pipeline::PipelineSet& pipelines, ControlProbe& probe, std::string uid);

    void load_own();
    void beat();
    void send(const opamp::AgentToServer& message, net::HttpClient::Answered answered);
    void sent(base::Result<net::ClientResponse> answer);
    void accept(const net::ClientResponse& response);
    void react(Reaction reaction);
    void take_settings(const opamp::ConnectionSettings& offered);
    void trouble(const std::string& why, std::optional<std::chrono::milliseconds> retry_after, bool is_refusal);
    void news();
    AgentReport report() const;
    std::optional<std::chrono::seconds> config_age() const;
    const std::string& endpoint() const { return center_.endpoints[at_]; }

    base::EventLoop& control_;
    const config::CenterConfig center_;
    AboutAgent about_;
    ConfigApplier& applier_;
    pipeline::PipelineSet& pipelines_;
    ControlProbe& probe_;
    std::vector<base::Url> urls_;  // of center_.endpoints
    std::size_t at_ = 0;           // which of them it is the turn of
    CenterSession session_;
    HeartbeatSchedule schedule_;
    std::optional<OwnCredential> own_;
    bool is_denied_ = false;       // the last message was
    bool own_is_refused_ = false;  // then the configured token is used
    bool used_own_ = false;        // by the message that is on its way
    std::optional<opamp::ConnectionSettingsStatus> settings_status_;
    std::optional<pipeline::ShardStatus> shard_;  // none: it does not answer
    bool is_asking_ = false;                      // the shard, which has not answered yet
    bool is_busy_ = false;                        // a message is on its way
    bool http_is_busy_ = false;                   // it is past the asking
    bool has_trouble_ = false;                    // the last one failed: the next waits for its time
    bool is_ending_ = false;
    std::string error_;
    std::optional<std::chrono::steady_clock::time_point> contact_;
    base::Timer timer_;
    base::Timer patience_;
    net::HttpClient http_;
};

}  // namespace agent::control
