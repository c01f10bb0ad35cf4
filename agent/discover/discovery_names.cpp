// Which file is behind which name, through links too.
#include <utility>

#include "agent/discover/discovery.h"

namespace agent::discover {

Discovery::File& Discovery::remember(const model::FileIdentity& identity) {
    const auto [file, is_new] = files_.try_emplace(identity);
    if (is_new) ++inodes_[identity.inode];
    return file->second;
}

void Discovery::forget_file(const model::FileIdentity& identity) {
    if (files_.erase(identity) > 0 && --inodes_[identity.inode] == 0) inodes_.erase(identity.inode);
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

}  // namespace agent::discover
