#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/event_loop.h"
#include "common/base/result.h"

namespace agent::discover {

// What the directory watcher saw; only ever a reason to look again.
enum class Change : std::uint8_t {
    modified,  // the file `name` of `folder` was written to or truncated
    appeared,  // `name` was made, or moved to here
    vanished,  // `name` was removed, or moved away
    folder_gone,
    overflow,  // events were lost: look at everything
};

struct DirectoryChange {
    Change change;
    std::string_view folder;  // valid during the call
    std::string_view name;
};

// inotify on folders (never one watch per file), or what a simulation has in its place.
//
// Thread: its loop's. Limits: fs.inotify.max_user_watches; a folder over it is left to the sweep.
class DirectoryWatcher {
 public:
    // Between two looks at the queue, so that the writes of a busy file become one event. It adds to the latency of a
    // line that comes shortly after another, unless its file is being read batch by batch.
    static constexpr std::chrono::milliseconds kPause{10};

    using Observer = std::function<void(const DirectoryChange&)>;

    // `observe` is called for each change, then `settled` once after all that were queued.
    static base::Result<std::unique_ptr<DirectoryWatcher>> create(base::EventLoop& loop, Observer observe,
                                                                  std::function<void()> settled);
    virtual ~DirectoryWatcher() = default;

    // Watching a folder twice is one watch, unless its name leads to another folder by now. Errors: errno's, ENOSPC for
    // exhausted watches told in words.
    virtual base::Result<void> watch(const std::string& folder) = 0;
    virtual void forget(const std::string& folder) = 0;
};

}  // namespace agent::discover
