// What a kind of store does itself: everything blocks. For .cpp files of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "center/store/store.h"

namespace center::store {

inline constexpr const char* kRevisionKey = "meta/revision";

// Thread: load() before there is anything to read or write, then the store's thread; interrupt() anybody's.
class Backend {
 public:
    virtual ~Backend() = default;

    virtual base::Result<void> load(std::string_view prefix, const Store::Visit& visit) = 0;
    virtual base::Result<std::vector<Entry>> read(const Range& range) = 0;

    // All of it or nothing, durable when it returns. The last change of a key counts.
    virtual base::Result<void> write(const Batch& batch) = 0;

    virtual void interrupt() {}  // a write need not go on trying: the store closes
};

// Of the value of kRevisionKey.
base::Result<Revision> parse_revision(std::string_view text);

}  // namespace center::store
