#include "center/fleet/offers.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "center/catalog/validate.h"
#include "common/crypto/digest.h"
#include "common/opamp/signed_config.h"

namespace center::fleet {

namespace {

constexpr std::size_t kMadeMax = 4096;
constexpr std::uint64_t kRetriesSeenMax = 16;
constexpr const char* kToml = "text/toml";

}  // namespace

const std::shared_ptr<const Offer>& Offers::wanted(Agent& agent) {
    const auto now = state_.placing + 1;  // 0: never looked for
    if (agent.wanted_at != now) {
        agent.wanted = find(agent);
        agent.wanted_at = now;
        if (agent.retries == 0 && agent.wanted) agent.retries = retries_seen(agent, *agent.wanted);
    }
    return agent.wanted;
}

std::string Offers::hash_of(const Offer& offer, std::uint64_t retries) {
    return retries == 0 ? offer.hash : crypto::sha256(fmt::format("{} retry {}", offer.hash, retries));
}

std::string Offers::hash_for(const Agent& agent, const Offer& offer) {
    return hash_of(offer, agent.retries);
}

// Retries are not kept: after a restart of the center they are read off the hash that the agent tells.
std::uint64_t Offers::retries_seen(const Agent& agent, const Offer& offer) {
    const auto& told = agent.status.last_hash;
    if (told.empty() || told == offer.hash) return 0;
    for (std::uint64_t retries = 1; retries <= kRetriesSeenMax; ++retries)
        if (hash_of(offer, retries) == told) return retries;
    return 0;
}

std::shared_ptr<const Offer> Offers::find(const Agent& agent) {
    model::Assignment together;
    bool is_any = false;
    for (const auto& [group, placement] : state_.placements) {
        if (!agent.group.empty() && agent.group != group) continue;
        const auto* assigned = agent.group.empty() ? catalog::assigned(state_, placement, agent.bucket, agent.labels)
                                                   : catalog::assigned(state_, placement, agent.bucket, agent.labels,
                                                                       catalog::Whom::everybody);
        if (!assigned) continue;
        is_any = true;
        // Groups that may share an agent carry different pipelines; a cluster they may share.
        together.pipelines.insert(assigned->pipelines.begin(), assigned->pipelines.end());
        for (const auto& [name, revision] : assigned->clusters) {
            auto& newest = together.clusters[name];
            newest = std::max(newest, revision);
        }
    }
    // What another center gave it is not ours to take away.
    const bool is_ours = state_.offered.contains(agent.status.last_hash);
    return is_any || is_ours ? make(together) : nullptr;
}

std::shared_ptr<const Offer> Offers::make(const model::Assignment& together) {
    std::string key;
    for (const auto& [name, revision] : together.pipelines) key += fmt::format("{}@{},", name, revision);
    key += ";";
    for (const auto& [name, revision] : together.clusters) key += fmt::format("{}@{},", name, revision);
    if (const auto found = made_.find(key); found != made_.end()) return found->second;
    if (made_.size() >= kMadeMax) made_.clear();
    Offer offer;
    const auto add = [&](model::DocumentKind kind, const std::string& name, std::uint64_t number, auto body_of) {
        const auto& documents = state_.documents(kind);
        const auto found = documents.find(name);
        const auto* revision = found == documents.end() ? nullptr : found->second.find(number);
        if (revision)
            offer.files.emplace(fmt::format("{}s/{}.toml", word_of(kind), name),
                                opamp::ConfigFile{.body = body_of(*revision->body), .content_type = kToml});
    };
    for (const auto& [name, number] : together.pipelines)
        add(model::DocumentKind::pipeline, name, number, [](const std::string& body) { return body; });
    for (const auto& [name, number] : together.clusters)
        add(model::DocumentKind::cluster, name, number,
            [&](const std::string& body) { return catalog::cluster_toml(name, body); });
    offer.hash = opamp::config_hash(offer.files);
    return made_.emplace(std::move(key), std::make_shared<const Offer>(std::move(offer))).first->second;
}

}  // namespace center::fleet
