#include "agent/discover/discovery.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "agent/model/generation.h"

namespace agent::discover {

namespace {

bool is_below(const std::string& path, const std::string& folder) {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace

base::Result<std::unique_ptr<Discovery>> Discovery::create(base::EventLoop& loop, DiscoveryListener& listener,
                                                           telemetry::Log& log, std::unique_ptr<FileSystem> files) {
    std::unique_ptr<Discovery> discovery(new Discovery(listener, log, std::move(files)));
    auto* self = discovery.get();
    auto watcher = self->file_system_->watch(
        loop, [self](const DirectoryChange& change) { self->observe(change); }, [self] { self->settle(); });
    if (!watcher) return std::unexpected(watcher.error());
    self->watcher_ = std::move(*watcher);
    self->sweep_timer_ = std::make_unique<base::Timer>(loop);
    self->sweep_timer_->every(kSweepInterval, [self] { self->sweep(Sweep::routine); });
    return discovery;
}

void Discovery::add_pipeline(const std::string& name, const config::FileSourceConfig& source,
                             std::vector<model::Checkpoint> checkpoints, bool looked_before) {
    Pipeline pipeline{.filter = PathFilter(source.include, source.exclude), .unmet = {}, .following = {}};
    for (auto& checkpoint : checkpoints) pipeline.unmet.add(std::move(checkpoint));
    pipeline.at_end = source.start_at == config::StartAt::end && !looked_before;
    auto& added = pipelines_.insert_or_assign(name, std::move(pipeline)).first->second;
    offer_known_ = true;
    for (const auto& glob : added.filter.include()) attach(glob);
    offer_known_ = false;
    settle();
    added.at_end = false;
}

void Discovery::remove_pipeline(const std::string& name) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return;
    for (const auto& identity : found->second.following)
        if (const auto file = files_.find(identity); file != files_.end()) file->second.followers.erase(name);
    pipelines_.erase(found);

    std::vector<std::string> unneeded;
    for (const auto& [folder, entries] : folders_)
        if (!leads_through(folder)) unneeded.push_back(folder);
    for (const auto& folder : unneeded) forget_folder(folder);
    std::vector<model::FileIdentity> unfollowed;
    for (const auto& [identity, file] : files_)
        if (file.followers.empty()) unfollowed.push_back(identity);
    for (const auto& identity : unfollowed) forget_file(identity);
    for (auto& [path, folder] : folders_)
        std::erase_if(folder.entries, [&](const auto& entry) {
            if (files_.contains(entry.second.file)) return false;
            forget_link(join_path(path, entry.first));
            return true;
        });
    std::erase_if(changed_, [&](const auto& identity) { return !files_.contains(identity); });
    settle();  // another pipeline may follow a file into a folder that nobody looks at any more
}

void Discovery::release(const std::string& pipeline, const model::FileIdentity& identity,
                        const std::optional<model::Checkpoint>& checkpoint) {
    if (const auto found = pipelines_.find(pipeline); found != pipelines_.end()) {
        found->second.following.erase(identity);
        if (checkpoint) found->second.unmet.add(*checkpoint);
    }
    const auto file = files_.find(identity);
    if (file == files_.end()) return;
    file->second.followers.erase(pipeline);
    if (!file->second.followers.empty()) return;
    for (const auto& path : file->second.paths)  // it came back in the meantime: the next sweep finds it anew
        if (const auto folder = folders_.find(parent_of(path)); folder != folders_.end())
            if (folder->second.entries.erase(path.substr(path.rfind('/') + 1)) > 0) forget_link(path);
    forget_file(identity);
}

std::optional<model::Checkpoint> Discovery::take_over(const std::string& name, const model::FileIdentity& identity) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return std::nullopt;
    found->second.following.insert(identity);
    return found->second.unmet.remove(identity);
}

Stock Discovery::take_stock(const std::string& name, std::uint64_t now_ms, std::chrono::milliseconds retention) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return {};
    return found->second.unmet.take_stock(*file_system_, found->second.filter, now_ms, retention);
}

Discovery::File& Discovery::remember(const model::FileIdentity& identity) {
    const auto [file, is_new] = files_.try_emplace(identity);
    if (is_new) ++inodes_[identity.inode];
    return file->second;
}

void Discovery::forget_file(const model::FileIdentity& identity) {
    if (files_.erase(identity) > 0 && --inodes_[identity.inode] == 0) inodes_.erase(identity.inode);
}

void Discovery::observe(const DirectoryChange& change) {
    const std::string folder(change.folder);
    if (!links_.empty()) observe_links(change);
    switch (change.change) {
        case Change::modified:
            grown(folder, change.name);
            break;
        case Change::appeared:
            if (folders_.contains(folder)) look(folder, std::string(change.name), 0, 0);
            break;
        case Change::vanished:
            vanish(folder, change.name);
            if (file_system_->folder(folder)) break;
            [[fallthrough]];  // no event tells it while a file that was in it is open
        case Change::folder_gone:
            forget_folder(folder);
            overflowed_ = true;  // a look from the patterns' bases finds what took its place
            break;
        case Change::overflow:
            overflowed_ = true;
            break;
    }
}

void Discovery::grown(const std::string& folder, std::string_view name) {
    if (const auto known = folders_.find(folder); known != folders_.end())
        if (const auto entry = known->second.entries.find(name); entry != known->second.entries.end())
            changed_.insert(entry->second.file);
}

// What happens to the file behind a link happens to the link.
void Discovery::observe_links(const DirectoryChange& change) {
    for (const auto& link : links_.links_to(join_path(change.folder, change.name))) {
        const auto folder = parent_of(link);
        const auto name = link.substr(link.rfind('/') + 1);
        if (change.change == Change::modified)
            grown(folder, name);
        else if (folders_.contains(folder))
            look(folder, name, 0, 0);
    }
}

// A folder that cannot be watched is looked at by the sweep, as the link is.
void Discovery::follow_link(const std::string& link) {
    const auto target = file_system_->resolve(link);
    if (target != links_.target_of(link)) forget_link(link);
    if (!target) return;
    links_.set(link, *target);
    (void)watcher_->watch(parent_of(*target));
}

void Discovery::forget_link(const std::string& link) {
    const auto target = links_.target_of(link);
    if (target.empty()) return;
    links_.remove(link);
    const auto folder = parent_of(target);
    if (!folders_.contains(folder) && !links_.leads_into(folder)) watcher_->forget(folder);
}

void Discovery::settle() {
    if (std::exchange(overflowed_, false)) return sweep();
    for (const auto& identity : std::exchange(renamed_, {}))
        if (const auto file = files_.find(identity); file != files_.end()) tell_name(identity, file->second);
    if (changed_.empty()) return;
    listener_.files_changed({changed_.begin(), changed_.end()});
    changed_.clear();
}

// A file that lost its path and has another one was renamed; one that has none is gone, or out of sight.
void Discovery::tell_name(const model::FileIdentity& identity, File& file) {
    if (file.paths.empty()) {
        if (!std::exchange(file.left, true)) listener_.file_left(identity);
        return;
    }
    file.left = false;
    if (!file.paths.contains(file.path)) file.path = *file.paths.begin();
    listener_.file_moved(identity, file.path);  // some pipeline may know it by the one that it lost
}

// Looks at everything from the patterns' bases on, and has every file read for growth.
void Discovery::sweep(Sweep why) {
    std::vector<std::string> gone;
    for (const auto& [folder, entries] : folders_)
        if (!file_system_->folder(folder)) gone.push_back(folder);
    for (const auto& folder : gone) forget_folder(folder);
    for (const auto& [name, pipeline] : pipelines_)
        for (const auto& glob : pipeline.filter.include()) attach(glob);
    settle();
    listener_.swept(why);
}

// Scans a pattern's base folder, or waits for it in the nearest one that exists.
void Discovery::attach(const Glob& glob) {
    std::string folder = glob.base();
    while (folder != "/" && !file_system_->folder(folder)) folder = parent_of(folder);
    scan(folder, 0);
}

void Discovery::scan(const std::string& folder, int depth) {
    const auto id = depth > kDepthMax ? std::nullopt : file_system_->folder(folder);
    if (!id || std::ranges::find(scanning_, *id) != scanning_.end())
        return;  // a symbolic link to a folder that it is in
    scanning_.push_back(*id);
    scan_entries(folder, depth);
    scanning_.pop_back();
}

void Discovery::scan_entries(const std::string& folder, int depth) {
    if (auto watched = watcher_->watch(folder); !watched && unwatched_.insert(folder).second)
        log_.warn("folder cannot be watched: it is looked at every few seconds only",
                  {{"folder", folder}, {"error", watched.error().message}, {"seconds", kSweepInterval.count()}});
    auto& known = folders_[folder].entries;
    auto listed = file_system_->list(folder);
    std::ranges::sort(listed, model::is_older_generation, &ListedName::name);

    std::unordered_set<std::string_view> names(listed.size());
    for (const auto& entry : listed) names.insert(entry.name);
    std::vector<std::string> vanished;
    for (const auto& [name, entry] : known)
        if (!names.contains(name)) vanished.push_back(name);
    for (const auto& name : vanished) vanish(folder, name);

    for (const auto& entry : listed) {
        const auto before = known.find(entry.name);
        const bool same = before != known.end() && !before->second.is_link && before->second.file.inode == entry.inode;
        const bool troubled = !troubled_.empty() && troubled_.contains(join_path(folder, entry.name));
        if (!same || offer_known_ || entry.is_link || troubled) look(folder, entry.name, entry.inode, depth);
    }
}

// With what is below it: a folder that was renamed brings no events of its sub-folders.
void Discovery::forget_folder(const std::string& folder) {
    std::vector<std::string> below;
    for (auto it = folders_.upper_bound(folder); it != folders_.end() && it->first.starts_with(folder); ++it)
        if (is_below(it->first, folder)) below.push_back(it->first);
    for (const auto& path : below) forget_one_folder(path);
    forget_one_folder(folder);
}

void Discovery::forget_one_folder(const std::string& folder) {
    const auto found = folders_.find(folder);
    if (found == folders_.end()) return;
    unwatched_.erase(folder);
    const auto entries = std::move(found->second.entries);
    folders_.erase(found);
    if (!links_.leads_into(folder)) watcher_->forget(folder);
    for (const auto& [name, entry] : entries) {
        const auto path = join_path(folder, name);
        forget_link(path);
        drop_path(entry.file, path);
    }
}

// What has appeared at a name: a folder on the way of a pattern, a file, or nothing to us.
void Discovery::look(const std::string& folder, const std::string& name, std::uint64_t inode, int depth) {
    const auto path = join_path(folder, name);
    if (leads_through(path) && file_system_->folder(path)) return scan(path, depth + 1);
    const auto about = file_system_->look(path);
    if (!about) return vanish(folder, name);
    if (inode == 0) inode = about->inode;
    if (!wanted(path, inode)) return vanish(folder, name);
    place(folder, name, about->is_link);
}

bool Discovery::wanted(const std::string& path, std::uint64_t inode) const {
    if (inodes_.contains(inode)) return true;  // followed already: under which name it goes on is to be known
    return std::ranges::any_of(pipelines_, [&](const auto& item) {
        return item.second.filter.matches(path) || item.second.unmet.may_know(inode);
    });
}

bool Discovery::leads_through(const std::string& folder) const {
    return std::ranges::any_of(pipelines_, [&](const auto& item) { return item.second.filter.leads_through(folder); });
}

void Discovery::place(const std::string& folder, const std::string& name, bool is_link) {
    const auto path = join_path(folder, name);
    if (is_link)
        follow_link(path);
    else
        forget_link(path);
    auto& entries = folders_[folder].entries;
    const auto before = entries.find(name);

    // Opening comes before everything else: from here on the file can be rotated away and removed as fast as it likes.
    auto opened = file_system_->open(path);
    if (!opened) {
        if (is_link && before != entries.end() && !file_system_->resolve(path)) {  // it leads nowhere: its file is gone
            drop_path(before->second.file, path);
            entries.erase(before);
        }
        return cannot_follow(path, opened.error().message);
    }
    troubled_.erase(path);
    const bool known = before != entries.end() && before->second.file == opened->identity;
    if (before != entries.end() && !known) drop_path(before->second.file, path);

    auto& file = remember(opened->identity);
    auto fd = file.fd.lock();
    if (!fd && file_system_->has_room(*opened)) file.fd = fd = std::move(opened->fd);
    entries.insert_or_assign(name, Entry{.file = opened->identity, .is_link = is_link});
    if (!known) add_path(opened->identity, path);
    changed_.insert(opened->identity);
    offer(path, opened->identity, fd);
    if (file.followers.empty()) {  // an inode like a checkpoint's, but not its file
        entries.erase(name);
        forget_link(path);
        forget_file(opened->identity);
    }
}

void Discovery::offer(const std::string& path, const model::FileIdentity& identity, const base::SharedFd& fd) {
    for (auto& [name, pipeline] : pipelines_) {
        if (pipeline.following.contains(identity)) continue;
        if (pipeline.filter.excludes(path)) continue;
        auto checkpoint = pipeline.unmet.claim(identity);
        if (!pipeline.filter.matches(path)) {
            if (checkpoint && !pipeline.filter.matches(checkpoint->origin_path))  // nor did it before it was rotated
                pipeline.unmet.add(*std::exchange(checkpoint, std::nullopt));
            if (!checkpoint) continue;
        }
        pipeline.following.insert(identity);
        files_.at(identity).followers.insert(name);
        listener_.file_found({.pipeline = name,
                              .path = path,
                              .identity = identity,
                              .fd = fd,
                              .checkpoint = std::move(checkpoint),
                              .at_end = pipeline.at_end});
    }
}

void Discovery::vanish(const std::string& folder, std::string_view name) {
    const auto known = folders_.find(folder);
    if (known == folders_.end()) return;
    const auto path = join_path(folder, name);
    troubled_.erase(path);
    if (const auto entry = known->second.entries.find(name); entry != known->second.entries.end()) {
        const auto identity = entry->second.file;
        known->second.entries.erase(entry);
        forget_link(path);
        drop_path(identity, path);
    } else if (folders_.contains(path)) {
        forget_folder(path);
    }
}

void Discovery::drop_path(const model::FileIdentity& identity, const std::string& path) {
    const auto file = files_.find(identity);
    if (file == files_.end()) return;
    file->second.paths.erase(path);
    changed_.insert(identity);
    renamed_.insert(identity);
}

void Discovery::add_path(const model::FileIdentity& identity, const std::string& path) {
    auto& file = files_.at(identity);
    if (file.path.empty()) file.path = path;  // file_found() tells it
    file.paths.insert(path);
    if (file.left) renamed_.insert(identity);
}

void Discovery::cannot_follow(const std::string& path, const std::string& why) {
    if (troubled_.insert_or_assign(path, why).second)
        log_.warn("file cannot be followed: trying again", {{"path", path}, {"error", why}});
}

}  // namespace agent::discover
