// The center's durable knowledge: a state in memory, changed only by what the store has taken.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "center/catalog/change.h"
#include "center/catalog/state.h"
#include "center/model/audit_entry.h"
#include "center/store/store.h"

namespace center::catalog {

// Operation: a change is a plan, which is made of the state when its turn has come and every change before it is
// durable; so two operators never build on the same past. What readers see is durable.
//
// Life: the store outlives it. Thread: the loop's. Crash: a change that was not told to be done may be there or not,
// but as a whole.
class Catalog {
 public:
    static constexpr std::size_t kChangesWaitingMax = 1000;

    using Plan = std::move_only_function<Planned(const State&)>;
    using Done = std::move_only_function<void(std::expected<store::Revision, Refusal>)>;

    // Reads everything; blocks. Errors: what the store has cannot be read.
    static base::Result<std::unique_ptr<Catalog>> open(store::Store& store);

    const State& state() const { return state_; }

    // `done` is told the revision at which readers see it; at once for a plan that is refused or changes nothing.
    // Beyond kChangesWaitingMax it is refused.
    void change(Plan plan, Done done);

    // The newest entries first, those before `before` (0: all).
    using Audited = std::move_only_function<void(base::Result<std::vector<model::AuditEntry>>)>;
    void read_audit(std::uint64_t before, std::size_t count_max, Audited done);

    // A new secret for agents' credentials, if there is none yet. Blocks nobody.
    void make_secret();

 private:
    explicit Catalog(store::Store& store) : store_(store) {}

    void take_next();
    void number_audit(store::Batch& batch);
    void written(store::Batch& batch, Done& done, base::Result<store::Revision> revision);

    struct Waiting {
        Plan plan;
        Done done;
    };

    store::Store& store_;
    State state_;
    std::uint64_t audited_ = 0;  // the number of the last entry
    std::deque<Waiting> waiting_;
    bool is_writing_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace center::catalog
