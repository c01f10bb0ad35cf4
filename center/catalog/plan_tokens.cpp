#include <algorithm>

#include <fmt/format.h>

#include "center/catalog/codec.h"
#include "center/catalog/plans.h"
#include "common/crypto/encoding.h"

namespace center::catalog {

namespace {

using Kind = Refusal::Kind;

}  // namespace

Planned create_token(const State& state, const Actor& actor, const model::Token& token) {
    if (state.tokens.size() >= kTokensMax)
        return refuse(Kind::conflict, fmt::format("there are {} tokens already, which is the limit", kTokensMax));
    if (!token.group.empty() && !state.groups.contains(token.group))
        return refuse(Kind::bad, "the token is not valid",
                      {{.key = "group", .message = fmt::format("there is no group {}", token.group)}});
    return store::Batch{
        {token_key(token.id), encode(token)},
        audit(actor, {.action = "token.create",
                      .target = token.id,
                      .detail = token.kind == model::TokenKind::of_operator
                                    ? fmt::format("operator {} as {}", token.name, word_of(token.role))
                                    : fmt::format("enrolment{}", token.group.empty() ? "" : " into " + token.group)})};
}

Planned delete_token(const State& state, const Actor& actor, const std::string& id) {
    if (!state.tokens.contains(id)) return refuse(Kind::missing, fmt::format("there is no token {}", id));
    return store::Batch{{token_key(id), std::nullopt}, audit(actor, {.action = "token.delete", .target = id})};
}

Planned ban_agent(const State& state, const Actor& actor, const std::string& uid_hex, const std::string& name) {
    if (state.banned.size() >= kBannedMax && !state.banned.contains(uid_hex))
        return refuse(Kind::conflict,
                      fmt::format("{} agents lost their credential already, which is the limit", kBannedMax));
    return store::Batch{{"banned/" + uid_hex, encode_time(actor.now)},
                        audit(actor, {.action = "agent.forget", .target = uid_hex, .detail = name})};
}

store::Batch remember_offered(const State& state, const std::string& hash, model::TimeMs now) {
    store::Batch batch{{"offered/" + crypto::to_hex(hash), encode_time(now)}};
    if (state.offered.size() < kOfferedMax) return batch;
    const auto oldest = std::ranges::min_element(state.offered, {}, [](const auto& one) { return one.second; });
    batch.push_back({"offered/" + crypto::to_hex(oldest->first), std::nullopt});
    return batch;
}

store::Batch count_uses(const State& state, const std::map<std::string, std::uint64_t>& uses_left) {
    store::Batch batch;
    for (const auto& [id, uses] : uses_left) {
        const auto found = state.tokens.find(id);
        if (found == state.tokens.end()) continue;
        auto token = found->second;
        token.uses_left = uses;
        batch.push_back({token_key(id), encode(token)});
    }
    return batch;
}

store::Batch keep_secret(const std::string& secret) {
    return {{"center/secret", secret}};
}

}  // namespace center::catalog
