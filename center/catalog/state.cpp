#include "center/catalog/state.h"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

#include "center/catalog/codec.h"
#include "center/rollout/bucket.h"
#include "common/crypto/encoding.h"

namespace center::catalog {

namespace {

using Applied = base::Result<void>;

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// One entry of a map of the state: goes, or is what `decode` makes of the value.
template <typename Map, typename Key, typename Decode>
Applied put(Map& map, const Key& key, const std::optional<std::string>& value, Decode decode) {
    if (!value) {
        map.erase(key);
        return {};
    }
    auto decoded = decode(*value);
    if (!decoded) return std::unexpected(decoded.error());
    map.insert_or_assign(key, std::move(*decoded));
    return {};
}

Applied put_document(std::map<std::string, model::Document>& documents, const std::string& name,
                     const std::string& value) {
    const auto is_deleted = decode_document(value);
    if (!is_deleted) return std::unexpected(is_deleted.error());
    auto& document = documents[name];
    document.name = name;
    document.is_deleted = *is_deleted;
    return {};
}

// "pipeline/nginx/0000000003"
Applied put_revision(State& state, std::string_view rest, const std::string& value) {
    const auto first = rest.find('/');
    const auto last = rest.rfind('/');
    if (first == last) return base::fail("has an odd key");
    const auto name = std::string(rest.substr(first + 1, last - first - 1));
    const auto number = number_of(rest.substr(last + 1));
    auto revision = decode_revision(value);
    if (!revision) return std::unexpected(revision.error());
    auto& document = (rest.starts_with("pipeline/") ? state.pipelines : state.clusters)[name];
    const auto body = state.bodies.find(revision->hash);
    if (number != document.revisions.size() + 1) return base::fail("does not follow the revision before it");
    if (body == state.bodies.end()) return base::fail("has no body");
    revision->number = *number;
    revision->body = body->second;
    document.name = name;
    document.revisions.push_back(std::move(*revision));
    return {};
}

Applied put_body(State& state, const std::string& hash, const std::string& value) {
    state.bodies.try_emplace(hash, std::make_shared<const std::string>(value));
    return {};
}

Applied put_offered(State& state, const std::string& hash, const std::optional<std::string>& value) {
    const auto bytes = crypto::from_hex(hash);
    if (!bytes) return std::unexpected(bytes.error());
    return put(state.offered, *bytes, value, decode_time);
}

Applied apply_kind(State& state, std::string_view kind, std::string_view rest,
                   const std::optional<std::string>& value) {
    const std::string name(rest);
    if (kind == "body") return put_body(state, name, value.value_or(""));
    if (kind == "pipeline") return put_document(state.pipelines, name, value.value_or(""));
    if (kind == "cluster") return put_document(state.clusters, name, value.value_or(""));
    if (kind == "revision") return put_revision(state, rest, value.value_or(""));
    if (kind == "token") return put(state.tokens, name, value, decode_token);
    if (kind == "offered") return put_offered(state, name, value);
    if (kind == "banned") return put(state.banned, name, value, decode_time);
    if (kind == "center") {
        state.secret = value.value_or("");
        return {};
    }
    if (kind == "audit" || kind == "meta") return {};
    if (kind == "group") return put(state.groups, name, value, decode_group);
    ++state.placing;
    if (kind == "placement") return put(state.placements, name, value, decode_placement);
    const auto number = number_of(rest);
    if (kind == "rollout" && number) return put(state.rollouts, *number, value, decode_rollout);
    return base::fail("is of no kind that this version knows");
}

}  // namespace

Applied apply(State& state, std::string_view key, const std::optional<std::string>& value) {
    const auto slash = std::min(key.find('/'), key.size());
    const auto rest = key.substr(std::min(slash + 1, key.size()));
    auto applied = apply_kind(state, key.substr(0, slash), rest, value);
    if (!applied) return base::fail("cannot read the store: {}: {}", key, applied.error().message);
    return {};
}

const model::Revision* State::newest(model::DocumentKind kind, const std::string& name) const {
    const auto& all = documents(kind);
    const auto found = all.find(name);
    return found == all.end() ? nullptr : found->second.newest();
}

const model::Rollout* State::active_rollout(const std::string& group) const {
    for (const auto& [id, rollout] : std::views::reverse(rollouts))
        if (rollout.is_active() && rollout.group == group) return &rollout;
    return nullptr;
}

const model::Assignment* assigned(const State& state, const model::Placement& placement, std::uint32_t bucket,
                                  const model::Labels& labels, Whom whom) {
    const auto of = [&](const model::Assignment& assignment) {
        return whom == Whom::everybody || assignment.selector.matches(labels) ? &assignment : nullptr;
    };
    for (const auto id : std::views::reverse(placement.layers)) {
        const auto rollout = state.rollouts.find(id);
        if (rollout != state.rollouts.end() && rollout::has_reached(rollout->second, bucket, labels))
            return of(rollout->second.target);
    }
    return placement.base ? of(*placement.base) : nullptr;
}

}  // namespace center::catalog
