#include "agent/control/config_applier.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/config/excerpt.h"
#include "common/config/load.h"
#include "common/kafka/client_config.h"
#include "common/opamp/signed_config.h"

namespace agent::control {

namespace {

constexpr std::chrono::seconds kAnswerPatience{10};  // of the pipelines, and until a full disk is tried again
constexpr std::size_t kErrorBytesMax = 4096;         // of what the center is told

bool is_of_manifest(std::string_view name) {
    return name == opamp::kManifestFile || name == opamp::kSignatureFile;
}

std::vector<config::CentralFile> central_files(const opamp::ConfigFiles& files) {
    std::vector<config::CentralFile> central;
    for (const auto& [name, file] : files)
        if (!is_of_manifest(name)) central.push_back({.name = name, .body = file.body});
    return central;
}

std::string show(const std::vector<config::FileProblem>& problems) {
    std::string text;
    for (const auto& [file, problem] : problems) {
        if (text.size() > kErrorBytesMax) return text + "\n…";
        text += (text.empty() ? "" : "\n") + config::show(problem, file);
    }
    return text;
}

std::string show(const std::map<std::string, std::string>& failed) {
    std::string text;
    for (const auto& [name, why] : failed)
        text += fmt::format("{}pipeline {}: {}", text.empty() ? "" : "\n", name, why);
    return text;
}

bool is_healthy(const pipeline::PipelineStatus& pipeline) {
    return pipeline.sink.healthy && pipeline.rewinding == 0;
}

const config::PipelineConfig* find(const config::Config& config, const std::string& name) {
    const auto found = std::ranges::find(config.pipelines, name, &config::PipelineConfig::name);
    return found == config.pipelines.end() ? nullptr : &*found;
}

// Whether `name` is in both, but not the same.
bool is_changed(const config::Config& before, const config::Config& after, const std::string& name) {
    const auto* one = find(before, name);
    const auto* other = find(after, name);
    if (!one || !other) return false;
    const auto cluster_of = [](const config::Config& config, const config::PipelineConfig& pipeline) {
        const auto found = config.clusters.find(pipeline.sink.cluster);
        return found == config.clusters.end() ? config::ClusterConfig{} : found->second;
    };
    return *one != *other || cluster_of(before, *one) != cluster_of(after, *other);
}

}  // namespace

ConfigApplier::ConfigApplier(std::filesystem::path file, config::Config initial, pipeline::PipelineSet& pipelines,
                             base::EventLoop& control, telemetry::Log& log, ControlProbe& probe)
    : file_(std::move(file)),
      local_(std::move(initial)),
      local_excerpt_(config::excerpt_of(file_)),
      effective_(local_),
      pipelines_(pipelines),
      log_(log),
      probe_(probe),
      store_(local_.agent.data_dir),
      probation_(control) {}

void ConfigApplier::apply_initial(base::Task applied) {
    if (local_.center) load_kept();
    apply([this, applied = std::move(applied)]() mutable {
        if (trial_) watch_trial();
        applied();
    });
}

void ConfigApplier::reload(base::Task applied) {
    auto loaded = config::load(file_, kafka::check_property);
    if (!loaded) {
        for (const auto& problem : loaded.error())
            log_.error("config has an error", {{"file", file_.string()},
                                               {"line", problem.line},
                                               {"column", problem.column},
                                               {"key", problem.key},
                                               {"error", problem.message}});
        log_.error("config is refused: the present one runs on",
                   {{"file", file_.string()}, {"errors", loaded.error().size()}});
        refused_ = fmt::format("{} error{}, first: {}", loaded.error().size(), loaded.error().size() == 1 ? "" : "s",
                               config::show(loaded.error().front(), file_.string()));
        return applied();
    }
    refused_.clear();
    keep_what_needs_a_restart(*loaded);
    local_ = std::move(*loaded);
    local_excerpt_ = config::excerpt_of(file_);
    log_.reconfigure(local_.log);
    if (good_) good_ = read_kept(good_->kept);
    if (trial_) {
        if (auto again = read(trial_->kept.config); again) {
            trial_->central = std::move(*again);
        } else {
            refuse(trial_->kept.config.hash, again.error().message);
        }
    }
    apply([this, applied = std::move(applied)]() mutable {
        log_.info("config is applied", {{"file", file_.string()}, {"pipelines", effective_.pipelines.size()}});
        applied();
    });
}

void ConfigApplier::keep_what_needs_a_restart(config::Config& loaded) {
    const auto keep = [&](const char* key, std::string& wanted, const std::string& present) {
        if (wanted == present) return;
        log_.warn("key takes effect after a restart", {{"key", key}, {"present", present}, {"wanted", wanted}});
        wanted = present;
    };
    keep("agent.data_dir", loaded.agent.data_dir, local_.agent.data_dir);
    keep("agent.admin_socket", loaded.agent.admin_socket, local_.agent.admin_socket);
    keep("agent.metrics_listen", loaded.agent.metrics_listen, local_.agent.metrics_listen);
    if (loaded.center == local_.center) return;
    log_.warn("table takes effect after a restart", {{"table", "center"}});
    loaded.center = local_.center;
}

// What was kept, by an agent that has ended, well or not.
void ConfigApplier::load_kept() {
    auto found = store_.load();
    for (const auto& damage : found.damage) probe_.kept_config_damaged(damage);
    if (found.good) {
        good_ = read_kept(std::move(*found.good));
        if (status_.status == opamp::ConfigStatus::unset)
            set_status(opamp::ConfigStatus::applied, good_->kept.config.hash);
    }
    if (found.refusal) return set_status(opamp::ConfigStatus::failed, found.refusal->hash, found.refusal->error);
    if (!found.trial) return;
    auto& [kept, starts] = *found.trial;
    if (starts >= kStartsMax)
        return refuse(kept.config.hash,
                      fmt::format("the agent died on probation {} times after starting with this config", starts));
    auto central = read(kept.config);
    if (!central) return refuse(kept.config.hash, central.error().message);
    if (const auto written = store_.keep_trial({.kept = kept, .starts = starts + 1}); !written)
        probe_.file_not_kept(written.error().message);
    trial_starts_ = starts + 1;
    set_status(opamp::ConfigStatus::applying, kept.config.hash);
    trial_ = Running{.kept = std::move(kept), .central = std::move(*central)};
    probe_.config_applying(trial_->kept.config.hash, trial_->kept.revision);
}

base::Result<config::CentralConfig> ConfigApplier::read(const opamp::RemoteConfig& offered) const {
    auto central = config::read_central(central_files(offered.files), scope());
    if (!central) return base::fail("{}", show(central.error()));
    return std::move(*central);
}

config::CentralScope ConfigApplier::scope() const {
    config::CentralScope scope{.where = config::Where::host, .agent = local_.agent, .clusters = local_.clusters};
    scope.check = kafka::check_property;
    for (const auto& pipeline : local_.pipelines) scope.pipelines.insert(pipeline.name);
    return scope;
}

// A config that was good, under what the host says now: a file of it that is not good any more does not take the others
// along.
ConfigApplier::Running ConfigApplier::read_kept(KeptConfig kept) {
    auto files = central_files(kept.config.files);
    auto central = config::read_central(files, scope());
    std::string why;
    std::set<std::string> left_out;
    while (!central && !files.empty()) {
        if (why.empty()) why = show(central.error());
        for (const auto& problem : central.error()) left_out.insert(problem.file);
        std::erase_if(files, [&](const auto& file) { return left_out.contains(file.name); });
        central = config::read_central(files, scope());
    }
    if (!why.empty()) {
        probe_.kept_config_damaged(why);
        set_status(opamp::ConfigStatus::failed, kept.config.hash, why);
    } else if (status_.status == opamp::ConfigStatus::failed && status_.last_hash == kept.config.hash) {
        set_status(opamp::ConfigStatus::applied, kept.config.hash);  // the host's file was mended
    }
    return {.kept = std::move(kept),
            .central = central ? std::move(*central) : config::CentralConfig{},
            .left_out = std::move(left_out),
            .why_in_part = std::move(why)};
}

base::Result<std::uint64_t> ConfigApplier::check_terms(const opamp::RemoteConfig& offered) const {
    const auto& key_text = local_.center ? local_.center->verify_key : std::string();
    if (key_text.empty()) return opamp::claimed_revision(offered.files).value_or(0);
    const auto key = crypto::VerifyKey::parse(key_text);
    if (!key) return std::unexpected(key.error());
    const auto terms = opamp::verify_manifest(offered.files, *key, std::chrono::system_clock::now());
    if (!terms) return std::unexpected(terms.error());
    // The signature says nothing of the hash, which the sender could have made up.
    const auto& last = good_ ? good_->kept : KeptConfig{};
    if (terms->revision < last.revision)
        return base::fail("cannot take the config: its revision {} is older than {}, which was applied last",
                          terms->revision, last.revision);
    if (terms->revision == last.revision && last.revision != 0 &&
        opamp::config_hash(offered.files) != opamp::config_hash(last.config.files))
        return base::fail("cannot take the config: its revision {} is that of another config, which was applied last",
                          terms->revision);
    return terms->revision;
}

void ConfigApplier::offer(const opamp::RemoteConfig& offered) {
    if (offered.hash == status_.last_hash || offered.hash == considering_) return;
    probe_.config_offered(offered.hash);
    const auto number = ++offers_;
    considering_ = offered.hash;
    const auto revision = check_terms(offered);
    if (!revision) return refuse(offered.hash, revision.error().message);
    auto central = read(offered);
    if (!central) return refuse(offered.hash, central.error().message);
    Running wanted{.kept = {.config = offered, .revision = *revision}, .central = std::move(*central)};
    const bool is_good = good_ && good_->kept.config.hash == offered.hash &&
                         opamp::config_hash(good_->kept.config.files) == opamp::config_hash(offered.files);
    if (is_good) return return_to_good(std::move(wanted));
    const auto config = merged(&wanted);
    pipelines_.rehearse(config, [this, number, wanted = std::move(wanted)](const auto& failed) mutable {
        if (number != offers_) return;
        if (!failed.empty()) return refuse(wanted.kept.config.hash, show(failed));
        pipelines_.status([this, number, wanted = std::move(wanted)](const pipeline::ShardStatus& before) mutable {
            if (number == offers_) begin_trial(std::move(wanted), before);
        });
    });
}

// It has been through its probation.
void ConfigApplier::return_to_good(Running wanted) {
    probation_.cancel();
    const bool was_on_trial = trial_.has_value();
    trial_.reset();
    considering_.clear();
    wanted.kept.applied = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    if (const auto kept = store_.keep_good(wanted.kept); !kept) probe_.file_not_kept(kept.error().message);
    good_ = std::move(wanted);
    probe_.config_applied(good_->kept.config.hash, good_->kept.revision);
    set_status(opamp::ConfigStatus::applied, good_->kept.config.hash);
    if (was_on_trial || merged(running()) != effective_) apply([] {});
}

void ConfigApplier::begin_trial(Running wanted, const pipeline::ShardStatus& before) {
    const auto number = offers_;
    if (const auto kept = store_.keep_trial({.kept = wanted.kept, .starts = 0}); !kept)
        return refuse(wanted.kept.config.hash, kept.error().message);
    probation_.cancel();
    trial_ = std::move(wanted);
    trial_starts_ = 0;
    considering_.clear();
    const auto config = merged(running());
    healthy_before_.clear();
    for (const auto& pipeline : before.pipelines)
        if (is_healthy(pipeline) && is_changed(effective_, config, pipeline.name))
            healthy_before_.insert(pipeline.name);
    probe_.config_applying(trial_->kept.config.hash, trial_->kept.revision);
    set_status(opamp::ConfigStatus::applying, trial_->kept.config.hash);
    apply([this, number] {
        if (number == offers_ && trial_) watch_trial();
    });
}

void ConfigApplier::watch_trial() {
    if (const auto& failed = pipelines_.failed(); !failed.empty()) {
        std::map<std::string, std::string> ours;
        for (const auto& pipeline : trial_->central.pipelines)
            if (const auto found = failed.find(pipeline.name); found != failed.end()) ours.insert(*found);
        if (!ours.empty()) return refuse(trial_->kept.config.hash, show(ours));
    }
    probation_.after(local_.center->probation, [this] {
        const auto number = offers_;
        probation_.after(kAnswerPatience, [this] {
            if (trial_) refuse(trial_->kept.config.hash, "the pipelines do not answer any more");
        });
        pipelines_.status([this, number](const pipeline::ShardStatus& now) {
            if (number == offers_ && trial_) judge_trial(now);
        });
    });
}

void ConfigApplier::judge_trial(const pipeline::ShardStatus& now) {
    std::map<std::string, std::string> worse = pipelines_.failed();
    std::erase_if(worse, [&](const auto& one) { return !healthy_before_.contains(one.first); });
    for (const auto& pipeline : now.pipelines)
        if (healthy_before_.contains(pipeline.name) && !is_healthy(pipeline))
            worse[pipeline.name] = "was healthy before: " + pipeline.sink.trouble;
    if (!worse.empty()) return refuse(trial_->kept.config.hash, show(worse));
    pass_trial();
}

void ConfigApplier::pass_trial() {
    trial_->kept.applied = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    if (const auto kept = store_.keep_good(trial_->kept); !kept) {
        probe_.file_not_kept(kept.error().message);
        return probation_.after(kAnswerPatience, [this] {
            if (trial_) pass_trial();
        });
    }
    probation_.cancel();
    good_ = std::exchange(trial_, std::nullopt);
    probe_.config_applied(good_->kept.config.hash, good_->kept.revision);
    set_status(opamp::ConfigStatus::applied, good_->kept.config.hash);
}

// Back to the last known good config, and to nothing central where there is none.
void ConfigApplier::refuse(std::string hash, const std::string& why) {  // NOLINT(performance-unnecessary-value-param)
    ++offers_;
    considering_.clear();
    probation_.cancel();
    const bool was_on_trial = trial_.has_value();
    trial_.reset();
    probe_.config_failed(hash, why);
    const auto shown = base::valid_utf8(why.substr(0, kErrorBytesMax));
    if (const auto kept = store_.keep_refusal({.hash = hash, .error = shown}); !kept)
        probe_.file_not_kept(kept.error().message);
    set_status(opamp::ConfigStatus::failed, hash, shown);
    if (was_on_trial) apply([] {});
}

void ConfigApplier::set_status(opamp::ConfigStatus status, const std::string& hash, const std::string& error) {
    status_ = {.last_hash = hash, .status = status, .error = error};
    if (status_changed_) status_changed_();
}

config::Config ConfigApplier::merged(const Running* central) const {
    auto config = local_;
    if (!central) return config;
    for (const auto& [name, cluster] : central->central.clusters) config.clusters.emplace(name, cluster);
    config.pipelines.insert(config.pipelines.end(), central->central.pipelines.begin(),
                            central->central.pipelines.end());
    return config;
}

void ConfigApplier::apply(base::Task applied) {
    effective_ = merged(running());
    probe_.config_runs(revision());
    pipelines_.apply(effective_, std::move(applied));
}

void ConfigApplier::stop() {
    ++offers_;
    probation_.cancel();
    if (!trial_ || trial_starts_ == 0) return;
    if (const auto kept = store_.keep_trial({.kept = trial_->kept, .starts = trial_starts_ - 1}); !kept)
        probe_.file_not_kept(kept.error().message);
}

opamp::ConfigFiles ConfigApplier::effective_files() const {
    opamp::ConfigFiles files;
    if (const auto* central = running())
        for (const auto& [name, file] : central->kept.config.files)
            if (!is_of_manifest(name) && !central->left_out.contains(name)) files.emplace(name, file);
    if (!local_excerpt_.empty()) files["local.toml"] = {.body = local_excerpt_, .content_type = "text/toml"};
    return files;
}

std::uint64_t ConfigApplier::revision() const {
    return running() ? running()->kept.revision : 0;
}

std::string ConfigApplier::effective_hash() const {
    return running() ? running()->kept.config.hash : std::string();
}

std::optional<std::chrono::sys_seconds> ConfigApplier::applied_at() const {
    if (trial_ || !good_) return std::nullopt;
    return good_->kept.applied;
}

}  // namespace agent::control
