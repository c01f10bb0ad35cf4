#include "agent/discover/link_targets.h"

namespace agent::discover {

void LinkTargets::set(const std::string& link, const std::string& target) {
    remove(link);
    targets_.emplace(link, target);
    links_[target].insert(link);
}

void LinkTargets::remove(const std::string& link) {
    const auto known = targets_.find(link);
    if (known == targets_.end()) return;
    const auto links = links_.find(known->second);
    links->second.erase(link);
    if (links->second.empty()) links_.erase(links);
    targets_.erase(known);
}

std::string LinkTargets::target_of(const std::string& link) const {
    const auto known = targets_.find(link);
    return known == targets_.end() ? std::string() : known->second;
}

std::vector<std::string> LinkTargets::links_to(const std::string& target) const {
    const auto links = links_.find(target);
    return links == links_.end() ? std::vector<std::string>() : std::vector(links->second.begin(), links->second.end());
}

bool LinkTargets::leads_into(const std::string& folder) const {
    const auto below = folder + "/";
    for (auto it = links_.lower_bound(below); it != links_.end() && it->first.starts_with(below); ++it)
        if (it->first.find('/', below.size()) == std::string::npos) return true;
    return false;
}

}  // namespace agent::discover
