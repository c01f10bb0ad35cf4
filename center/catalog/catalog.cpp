#include "center/catalog/catalog.h"

#include <charconv>
#include <memory>
#include <utility>

#include "center/catalog/codec.h"
#include "center/catalog/plans.h"
#include "common/base/assert.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace center::catalog {

namespace {

constexpr std::size_t kSecretBytes = 32;

}  // namespace

base::Result<std::unique_ptr<Catalog>> Catalog::open(store::Store& store) {
    std::unique_ptr<Catalog> catalog(new Catalog(store));
    // Bodies before the revisions that name them.
    for (const auto* prefix : {"body/", "pipeline/", "cluster/", "revision/", "group/", "placement/", "rollout/",
                               "token/", "offered/", "banned/", "center/"}) {
        auto loaded = store.load(prefix, [&](std::string_view key, std::string_view value) {
            return apply(catalog->state_, key, std::string(value));
        });
        if (!loaded) return std::unexpected(loaded.error());
    }
    auto counted = store.load("audit/", [&](std::string_view key, std::string_view) -> base::Result<void> {
        std::from_chars(key.data() + std::string_view("audit/").size(), key.data() + key.size(), catalog->audited_);
        return {};
    });
    if (!counted) return std::unexpected(counted.error());
    catalog->state_.revision = store.revision();
    return catalog;
}

void Catalog::change(Plan plan, Done done) {
    if (waiting_.size() >= kChangesWaitingMax)
        return done(refuse(Refusal::Kind::unavailable, "too many changes are waiting for the store"));
    waiting_.push_back({std::move(plan), std::move(done)});
    take_next();
}

void Catalog::take_next() {
    while (!is_writing_ && !waiting_.empty()) {
        auto [plan, done] = std::move(waiting_.front());
        waiting_.pop_front();
        auto planned = plan(state_);
        if (!planned) {
            done(std::unexpected(std::move(planned.error())));
            continue;
        }
        if (planned->empty()) {
            done(state_.revision);
            continue;
        }
        is_writing_ = true;
        number_audit(*planned);
        auto batch = *planned;
        store_.write(std::move(batch), [this, alive = std::weak_ptr(alive_), writing = std::move(*planned),
                                        told = std::move(done)](base::Result<store::Revision> revision) mutable {
            if (alive.lock()) written(writing, told, std::move(revision));
        });
    }
}

void Catalog::number_audit(store::Batch& batch) {
    for (auto& write : batch) {
        if (write.key != "audit/") continue;
        auto entry = decode_audit_entry(*write.value);
        AGENT_ASSERT(entry);
        entry->number = ++audited_;
        write = {audit_key(entry->number), encode(*entry)};
    }
}

void Catalog::written(store::Batch& batch, Done& done, base::Result<store::Revision> revision) {
    is_writing_ = false;
    if (!revision) {
        done(refuse(Refusal::Kind::unavailable, revision.error().message));
    } else {
        for (const auto& write : batch) {
            const auto applied = apply(state_, write.key, write.value);
            AGENT_ASSERT(applied);  // we wrote it
        }
        state_.revision = *revision;
        done(*revision);
    }
    take_next();
}

void Catalog::read_audit(std::uint64_t before, std::size_t count_max, Audited done) {
    store_.read({.prefix = "audit/",
                 .after = before == 0 ? "" : audit_key(before),
                 .order = store::Order::descending,
                 .count_max = count_max},
                [done = std::move(done)](base::Result<std::vector<store::Entry>> entries) mutable {
                    if (!entries) return done(std::unexpected(entries.error()));
                    std::vector<model::AuditEntry> audit;
                    for (const auto& entry : *entries) {
                        auto decoded = decode_audit_entry(entry.value);
                        if (!decoded) return done(base::fail("{}: {}", entry.key, decoded.error().message));
                        audit.push_back(std::move(*decoded));
                    }
                    done(std::move(audit));
                });
}

void Catalog::make_secret() {
    if (!state_.secret.empty()) return;
    change([](const State&) { return keep_secret(crypto::to_hex(crypto::random_bytes(kSecretBytes))); }, [](auto&&) {});
}

}  // namespace center::catalog
