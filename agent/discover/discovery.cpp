#include "agent/discover/discovery.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "agent/model/generation.h"
#include "common/base/assert.h"

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
    for (const auto& glob : source.within) pipeline.within.emplace_back(glob);
    pipeline.is_of_containers = source.type == config::SourceType::container;
    if (!source.where.empty()) {
        auto where = process::Condition::parse(source.where);
        AGENT_ASSERT(where.has_value());  // the config was checked for it
        pipeline.where = std::move(*where);
    }
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
    std::erase_if(troubled_,
                  [&](const auto& entry) { return !leads_through(entry.first) && !is_for_any(entry.first); });
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

bool Discovery::still_wants(const std::string& name, const std::string& path, const Fields& fields) const {
    const auto found = pipelines_.find(name);
    return found != pipelines_.end() && found->second.wants(path, {.fields = fields, .trouble = {}});
}

Stock Discovery::take_stock(const std::string& name, std::uint64_t now_ms, std::chrono::milliseconds retention) {
    const auto found = pipelines_.find(name);
    if (found == pipelines_.end()) return {};
    return found->second.unmet.take_stock(*file_system_, found->second.filter, now_ms, retention);
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
            if (file_system_->folder(folder) || !file_system_->can_see(folder)) break;
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

void Discovery::settle() {
    if (std::exchange(overflowed_, false)) return sweep();
    for (const auto& identity : std::exchange(renamed_, {}))
        if (const auto file = files_.find(identity); file != files_.end()) tell_name(identity, file->second);
    if (changed_.empty()) return;
    listener_.files_changed({changed_.begin(), changed_.end()});
    changed_.clear();
}

// Looks at everything from the patterns' bases on, and has every file read for growth.
void Discovery::sweep(Sweep why) {
    std::vector<std::string> gone;
    for (const auto& [folder, entries] : folders_)
        if (!file_system_->folder(folder) && file_system_->can_see(folder)) gone.push_back(folder);
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
    const auto watched = watcher_->watch(folder);
    auto listed = file_system_->list(folder);
    if (!listed) return cannot_read(folder, listed.error().message);  // what was in it is not gone because of that
    // A pipeline that was added meanwhile has not been offered what others follow there.
    const bool was_troubled = troubled_.erase(folder) > 0;
    const bool offered_known = std::exchange(offer_known_, offer_known_ || was_troubled);
    if (!watched && unwatched_.insert(folder).second)
        log_.warn("folder cannot be watched: it is looked at every few seconds only",
                  {{"folder", folder}, {"error", watched.error().message}, {"seconds", kSweepInterval.count()}});
    auto& known = folders_[folder].entries;
    std::ranges::sort(*listed, model::is_older_generation, &ListedName::name);

    std::unordered_set<std::string_view> names(listed->size());
    for (const auto& entry : *listed) names.insert(entry.name);
    std::vector<std::string> vanished;
    for (const auto& [name, entry] : known)
        if (!names.contains(name)) vanished.push_back(name);
    for (const auto& name : vanished) vanish(folder, name);

    for (const auto& entry : *listed) {
        const auto before = known.find(entry.name);
        const bool same = before != known.end() && !before->second.is_link && before->second.file.inode == entry.inode;
        const bool troubled = !troubled_.empty() && troubled_.contains(join_path(folder, entry.name));
        if (!same || offer_known_ || entry.is_link || troubled) look(folder, entry.name, entry.inode, depth);
    }
    offer_known_ = offered_known;
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
    troubled_.erase(folder);
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
    if (!about) {
        if (const auto seen = file_system_->can_see(path); !seen) return cannot_follow(path, seen.error().message);
        return vanish(folder, name);
    }
    if (inode == 0) inode = about->inode;
    if (!wanted(path, inode) || file_system_->is_special(path)) return vanish(folder, name);
    place(folder, name, about->is_link);
}

bool Discovery::wanted(const std::string& path, std::uint64_t inode) const {
    if (inodes_.contains(inode)) return true;  // followed already: under which name it goes on is to be known
    return std::ranges::any_of(pipelines_, [&](const auto& item) {
        return item.second.filter.matches(path) || item.second.unmet.may_know(inode);
    });
}

bool Discovery::is_for_any(const std::string& path) const {
    return std::ranges::any_of(pipelines_, [&](const auto& item) { return item.second.filter.matches(path); });
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
        const bool leads_nowhere = !file_system_->resolve(path) && file_system_->can_see(path);
        if (is_link && before != entries.end() && leads_nowhere) {  // its file is gone
            drop_path(before->second.file, path);
            entries.erase(before);
        }
        return cannot_follow(path, opened.error().message);
    }
    const auto real_path = real_path_of(*opened);
    const bool known = before != entries.end() && before->second.file == opened->identity;
    if (before != entries.end() && !known) drop_path(before->second.file, path);

    auto& file = remember(opened->identity);
    auto fd = file.fd.lock();
    if (!fd && file_system_->has_room(*opened)) file.fd = fd = std::move(opened->fd);
    entries.insert_or_assign(name, Entry{.file = opened->identity, .is_link = is_link});
    if (!known) add_path(opened->identity, path);
    changed_.insert(opened->identity);
    if (const auto refusal = offer(path, real_path, opened->identity, fd); refusal.empty())
        troubled_.erase(path);
    else
        cannot_follow(path, refusal);
    if (file.followers.empty()) {  // an inode like a checkpoint's, but not its file
        entries.erase(name);
        forget_link(path);
        forget_file(opened->identity);
    }
}

bool Discovery::Pipeline::may_read(const std::string& real_path) const {
    return within.empty() || std::ranges::any_of(within, [&](const Glob& glob) { return glob.matches(real_path); });
}

// Empty where nobody asks: it costs a call for each file.
std::string Discovery::real_path_of(const OpenFile& file) const {
    const auto asks = [](const auto& item) { return !item.second.within.empty() || item.second.is_of_containers; };
    return std::ranges::any_of(pipelines_, asks) ? file_system_->path_of(file) : std::string();
}

// What is not known is no reason to lose lines.
bool Discovery::Pipeline::wants(const std::string& path, const ContainerFields& container) const {
    return !where || !container.trouble.empty() || is_of_chosen_container(*where, path, container.fields.get());
}

// Why a pipeline that the file is for must not read it; "": there is none.
std::string Discovery::offer(const std::string& path, const std::string& real_path, const model::FileIdentity& identity,
                             const base::SharedFd& fd) {
    std::string refusal;
    for (auto& [name, pipeline] : pipelines_) {
        if (pipeline.following.contains(identity)) continue;
        if (pipeline.filter.excludes(path)) continue;
        auto checkpoint = pipeline.unmet.claim(identity);
        if (!pipeline.filter.matches(path)) {
            if (checkpoint && !pipeline.filter.matches(checkpoint->origin_path))  // nor did it before it was rotated
                pipeline.unmet.add(*std::exchange(checkpoint, std::nullopt));
            if (!checkpoint) continue;
        }
        if (!pipeline.may_read(real_path)) {
            if (checkpoint) pipeline.unmet.add(std::move(*checkpoint));
            refusal = fmt::format("pipeline {} must not read {}: it is {}, which is not within agent.allow_paths", name,
                                  path, real_path);
            continue;
        }
        // Under a name that rotation gave it, it is the container's that it was before.
        const auto& origin_path = checkpoint ? checkpoint->origin_path : path;
        auto container = pipeline.is_of_containers ? container_fields(origin_path, real_path) : ContainerFields{};
        if (!pipeline.wants(origin_path, container)) {
            if (checkpoint) pipeline.unmet.add(std::move(*checkpoint));
            continue;
        }
        if (!container.trouble.empty())
            log_.warn("container is not known by its name: its log is followed, whatever where says",
                      {{"pipeline", name}, {"path", path}, {"error", container.trouble}});
        if (container.labels_left_out > 0)
            log_.warn("container has more labels than a record takes along: the others are left out",
                      {{"pipeline", name}, {"path", path}, {"left_out", container.labels_left_out}});
        pipeline.following.insert(identity);
        files_.at(identity).followers.insert(name);
        listener_.file_found({.pipeline = name,
                              .path = path,
                              .identity = identity,
                              .fd = fd,
                              .checkpoint = std::move(checkpoint),
                              .at_end = pipeline.at_end,
                              .fields = std::move(container.fields)});
    }
    return refusal;
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

void Discovery::cannot_follow(const std::string& path, const std::string& why) {
    if (troubled_.insert_or_assign(path, why).second)
        log_.warn("file cannot be followed: trying again", {{"path", path}, {"error", why}});
}

void Discovery::cannot_read(const std::string& folder, const std::string& why) {
    if (troubled_.insert_or_assign(folder, why).second)
        log_.warn("folder cannot be read: trying again", {{"folder", folder}, {"error", why}});
}

}  // namespace agent::discover
