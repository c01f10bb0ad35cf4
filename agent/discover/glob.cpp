#include "agent/discover/glob.h"

#include <algorithm>
#include <span>

#include <fnmatch.h>

namespace agent::discover {

namespace {

using Names = std::span<const std::string>;

constexpr std::string_view kAnyFolders = "**";

std::vector<std::string> names_of(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
        const auto slash = path.find('/');
        if (const auto name = path.substr(0, slash); !name.empty()) names.emplace_back(name);
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    return names;
}

bool has_wildcard(std::string_view name) {
    return name.find_first_of("*?[\\") != std::string_view::npos;
}

bool name_matches(const std::string& pattern, const std::string& name) {
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

// Whether the pattern takes so many names, each of which a part of it takes. Of several `**` only the last one is ever
// tried again: that what is between two of them was found as early as possible leaves most to the rest.
template <typename Takes>
bool takes_all(Names pattern, std::size_t names, Takes takes) {
    std::size_t part = 0;
    std::size_t any_folders = pattern.size();  // the last `**` so far, and where what follows it was tried
    std::size_t tried_at = 0;
    for (std::size_t name = 0; name < names;) {
        if (part < pattern.size() && pattern[part] == kAnyFolders) {
            any_folders = part++;
            tried_at = name;
        } else if (part < pattern.size() && takes(pattern[part], name)) {
            ++part;
            ++name;
        } else if (any_folders < pattern.size()) {
            part = any_folders + 1;
            name = ++tried_at;
        } else {
            return false;
        }
    }
    return std::ranges::all_of(pattern.subspan(part), [](const auto& left) { return left == kAnyFolders; });
}

// Whether `folder` matches the beginning of the pattern, with something of the pattern left.
bool begins(Names pattern, Names folder) {
    if (pattern.empty()) return false;
    if (pattern.front() == kAnyFolders) return true;
    if (folder.empty()) return true;
    return name_matches(pattern.front(), folder.front()) && begins(pattern.subspan(1), folder.subspan(1));
}

}  // namespace

Glob::Glob(std::string_view pattern) : names_(names_of(pattern)) {
    for (std::size_t i = 0; i + 1 < names_.size() && !has_wildcard(names_[i]); ++i) base_ += "/" + names_[i];
    if (base_.empty()) base_ = "/";
}

bool Glob::matches(std::string_view path) const {
    const auto names = names_of(path);
    return takes_all(names_, names.size(),
                     [&](const std::string& part, std::size_t name) { return name_matches(part, names[name]); });
}

bool Glob::leads_through(std::string_view folder) const {
    return begins(names_, names_of(folder));
}

bool Glob::matches_in(std::string_view folder) const {
    const auto names = names_of(folder);
    return takes_all(names_, names.size() + 1, [&](const std::string& part, std::size_t name) {
        return name == names.size() || name_matches(part, names[name]);  // whatever it is called
    });
}

PathFilter::PathFilter(const std::vector<std::string>& include, const std::vector<std::string>& exclude) {
    for (const auto& pattern : include) include_.emplace_back(pattern);
    for (const auto& pattern : exclude) {
        if (pattern.contains('/'))
            exclude_paths_.emplace_back(pattern);
        else
            exclude_names_.push_back(pattern);
    }
}

bool PathFilter::excludes(std::string_view path) const {
    const std::string name(path.substr(path.rfind('/') + 1));
    return std::ranges::any_of(exclude_names_, [&](const auto& pattern) { return name_matches(pattern, name); }) ||
           std::ranges::any_of(exclude_paths_, [&](const auto& glob) { return glob.matches(path); });
}

bool PathFilter::matches(std::string_view path) const {
    return std::ranges::any_of(include_, [&](const auto& glob) { return glob.matches(path); }) && !excludes(path);
}

bool PathFilter::leads_through(std::string_view folder) const {
    return std::ranges::any_of(include_, [&](const auto& glob) { return glob.leads_through(folder); });
}

bool PathFilter::matches_in(std::string_view folder) const {
    return std::ranges::any_of(include_, [&](const auto& glob) { return glob.matches_in(folder); });
}

std::string join_path(std::string_view folder, std::string_view name) {
    std::string path(folder);
    if (!path.ends_with('/')) path += '/';
    path += name;
    return path;
}

std::string parent_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
}

}  // namespace agent::discover
