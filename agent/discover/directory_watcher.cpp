#include "agent/discover/directory_watcher.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <unordered_map>
#include <utility>

#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace agent::discover {

namespace {

constexpr std::uint32_t kMask =
    IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::size_t kEventBytesMax = 64 << 10;  // taken from the queue in one read
constexpr std::size_t kOneEventBytesMax = sizeof(inotify_event) + NAME_MAX + 1;

class InotifyWatcher : public DirectoryWatcher {
 public:
    InotifyWatcher(base::EventLoop& loop, base::UniqueFd inotify, Observer observe, std::function<void()> settled);

    base::Result<void> watch(const std::string& folder) override;
    void forget(const std::string& folder) override;

 private:
    void take_events();
    void take_event(int watch, std::uint32_t mask, std::string_view name);

    base::UniqueFd inotify_;
    Observer observe_;
    std::function<void()> settled_;
    std::unordered_map<int, std::string> folders_;
    std::unordered_map<std::string, int> watches_;
    base::ReadableWatch readable_;
};

InotifyWatcher::InotifyWatcher(base::EventLoop& loop, base::UniqueFd inotify, Observer observe,
                               std::function<void()> settled)
    : inotify_(std::move(inotify)),
      observe_(std::move(observe)),
      settled_(std::move(settled)),
      readable_(loop, inotify_.get(), [this] { take_events(); }) {}

base::Result<void> InotifyWatcher::watch(const std::string& folder) {
    const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kMask);
    if (watch < 0 && errno == ENOSPC)
        return base::fail("cannot watch {}: fs.inotify.max_user_watches is exhausted", folder);
    if (watch < 0) return base::fail("cannot watch {}: {}", folder, base::errno_text(errno));
    if (const auto known = watches_.find(folder); known != watches_.end() && known->second != watch)
        forget(folder);  // another folder took its name: the kernel says so only once no file of the old one is open
    // Two names of one folder share a watch: the events come under the name that was watched first.
    if (folders_.emplace(watch, folder).second) watches_.emplace(folder, watch);
    return {};
}

void InotifyWatcher::forget(const std::string& folder) {
    const auto found = watches_.find(folder);
    if (found == watches_.end()) return;
    ::inotify_rm_watch(inotify_.get(), found->second);
    folders_.erase(found->second);
    watches_.erase(found);
}

void InotifyWatcher::take_events() {
    alignas(inotify_event) std::array<char, kEventBytesMax> bytes;
    ssize_t n = 0;
    do {
        n = ::read(inotify_.get(), bytes.data(), bytes.size());
        for (const char* at = bytes.data(); at < bytes.data() + n;) {
            inotify_event event{};
            std::memcpy(&event, at, sizeof(event));
            const char* name = at + sizeof(event);
            take_event(event.wd, event.mask, event.len > 0 ? std::string_view(name) : std::string_view());
            at = name + event.len;
        }
    } while (n > static_cast<ssize_t>(bytes.size() - kOneEventBytesMax));  // less: the queue was empty
    settled_();
    readable_.pause(kPause);
}

void InotifyWatcher::take_event(int watch, std::uint32_t mask, std::string_view name) {
    if ((mask & IN_Q_OVERFLOW) != 0) return observe_({.change = Change::overflow, .folder = {}, .name = {}});
    const auto found = folders_.find(watch);
    if (found == folders_.end()) return;
    if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
        const std::string folder = found->second;
        forget(folder);
        return observe_({.change = Change::folder_gone, .folder = folder, .name = {}});
    }
    const std::string folder = found->second;  // an observer may forget it
    if ((mask & IN_MODIFY) != 0) observe_({.change = Change::modified, .folder = folder, .name = name});
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) observe_({.change = Change::appeared, .folder = folder, .name = name});
    if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0)
        observe_({.change = Change::vanished, .folder = folder, .name = name});
}

}  // namespace

base::Result<std::unique_ptr<DirectoryWatcher>> DirectoryWatcher::create(base::EventLoop& loop, Observer observe,
                                                                         std::function<void()> settled) {
    base::UniqueFd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify)
        return base::fail("cannot use inotify: {} (fs.inotify.max_user_instances may be exhausted)",
                          base::errno_text(errno));
    return std::make_unique<InotifyWatcher>(loop, std::move(inotify), std::move(observe), std::move(settled));
}

}  // namespace agent::discover
