// Host names → addresses, without waiting for them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/event_loop.h"
#include "common/base/result.h"

namespace net {

// Asks the system's resolver on a thread of its own, which nobody waits for: a name server that does not answer holds
// up neither the loop nor its end.
//
// Life: one lookup at a time; destroyed, it is silent. Thread: the loop's.
class NameLookup {
 public:
    using Found = std::move_only_function<void(base::Result<std::vector<std::string>>)>;

    explicit NameLookup(base::EventLoop& loop);
    ~NameLookup();
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;

    // Numeric addresses, the best first. An address is its own name, found at once. Errors: unknown; the lookup before
    // this one has no answer yet.
    void find(const std::string& host, Found found);
    void forget();  // nobody asks any more

 private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace net
