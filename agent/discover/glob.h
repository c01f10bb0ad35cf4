#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agent::discover {

// A pattern of absolute paths: `*`, `?` and `[…]` within one folder or file name (as fnmatch(3) has them, a leading dot
// is nothing special), `**` for any number of folders, none included.
class Glob {
 public:
    explicit Glob(std::string_view pattern);

    bool matches(std::string_view path) const;

    // Whether something below `folder` could match: it has to be watched.
    bool leads_through(std::string_view folder) const;

    // Whether something directly in `folder` could match.
    bool matches_in(std::string_view folder) const;

    // The folder before the first wildcard: "/var/log" of "/var/log/*/x.log".
    const std::string& base() const { return base_; }

 private:
    std::vector<std::string> names_;
    std::string base_;
};

// Include and exclude patterns of one source.
class PathFilter {
 public:
    // An exclude pattern without a slash is one for the file's name.
    PathFilter(const std::vector<std::string>& include, const std::vector<std::string>& exclude);

    bool matches(std::string_view path) const;
    bool excludes(std::string_view path) const;
    bool leads_through(std::string_view folder) const;
    bool matches_in(std::string_view folder) const;
    const std::vector<Glob>& include() const { return include_; }

 private:
    std::vector<Glob> include_;
    std::vector<Glob> exclude_paths_;
    std::vector<std::string> exclude_names_;
};

std::string join_path(std::string_view folder, std::string_view name);
std::string parent_of(std::string_view path);  // "/" of "/" and "/a"

}  // namespace agent::discover
