#include "center/catalog/change.h"

#include <utility>

#include <fmt/format.h>

#include "center/catalog/codec.h"

namespace center::catalog {

std::string key_of(model::DocumentKind kind, const std::string& name) {
    return fmt::format("{}/{}", model::word_of(kind), name);
}

std::string group_key(const std::string& name) {
    return "group/" + name;
}

std::string placement_key(const std::string& name) {
    return "placement/" + name;
}

std::string rollout_key(std::uint64_t id) {
    return fmt::format("rollout/{:010}", id);
}

std::string token_key(const std::string& id) {
    return "token/" + id;
}

std::string audit_key(std::uint64_t number) {
    return fmt::format("audit/{:016}", number);
}

store::Write audit(const Actor& actor, Deed deed) {
    return {"audit/", encode(model::AuditEntry{.at = actor.now,
                                               .who = actor.name,
                                               .action = std::string(deed.action),
                                               .target = std::move(deed.target),
                                               .detail = std::move(deed.detail)})};
}

}  // namespace center::catalog
