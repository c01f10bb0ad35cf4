// Which symbolic links lead to which files.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace agent::discover {

// What happens to a file behind a symbolic link is told under the file's own name, in the file's own folder.
//
// Thread: the control thread.
class LinkTargets {
 public:
    // From now on `link` leads to `target`, a path without links in it.
    void set(const std::string& link, const std::string& target);
    void remove(const std::string& link);

    std::string target_of(const std::string& link) const;  // "": not known
    std::vector<std::string> links_to(const std::string& target) const;
    bool leads_into(const std::string& folder) const;  // a target is directly in it
    bool empty() const { return targets_.empty(); }

 private:
    std::map<std::string, std::string> targets_;          // by link
    std::map<std::string, std::set<std::string>> links_;  // by target
};

}  // namespace agent::discover
