// Where the center keeps what must survive it: keys and values, changed by atomic batches that are counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/event_loop.h"
#include "common/base/result.h"

namespace center::store {

// Grows with each change, for ever: at least by one, and not below Unix time in milliseconds, so that a store that was
// restored from an older copy is ahead of what agents have seen with its first change.
using Revision = std::uint64_t;

struct Entry {
    std::string key;
    std::string value;

    friend bool operator==(const Entry&, const Entry&) = default;
};

// What a batch does to one key.
struct Write {
    std::string key;
    std::optional<std::string> value;  // none: the key goes
};
using Batch = std::vector<Write>;

enum class Order : std::uint8_t { ascending, descending };

// Keys that begin with `prefix`; beyond `after`, if that is set, in the order asked for.
struct Range {
    std::string prefix;
    std::string after;
    Order order = Order::ascending;
    std::size_t count_max = 1000;
};

// Keys mean the same in every kind of store: nothing outside a key and its value is needed to read them, so that a
// compacted topic can hold them as well as a folder. The prefix "meta/" is the store's own.
//
// Thread: the loop's. Calls that take `done` return at once; `done` is called on the loop, in the order of the calls.
// Life: a store that is destroyed finishes the writes that it has, and forgets whom to tell.
class Store {
 public:
    using Written = std::move_only_function<void(base::Result<Revision>)>;
    using Read = std::move_only_function<void(base::Result<std::vector<Entry>>)>;
    using Visit = std::function<base::Result<void>(std::string_view key, std::string_view value)>;

    virtual ~Store() = default;

    // Every key that begins with `prefix`, in order, until `visit` fails. Blocks; for the start.
    virtual base::Result<void> load(std::string_view prefix, const Visit& visit) = 0;

    virtual void read(Range range, Read done) = 0;

    // All of it or nothing; it is durable when `done` is told the revision that it made.
    virtual void write(Batch batch, Written done) = 0;

    virtual Revision revision() const = 0;  // of what readers see

    // Once readers see `revision`; at once if they do.
    virtual void when_at(Revision revision, base::Task then) = 0;
};

}  // namespace center::store
