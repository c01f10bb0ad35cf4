#include "agent/discover/glob.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace agent::discover {
namespace {

TEST(Glob, AWildcardStaysWithinOneName) {
    const Glob glob("/var/log/*.log");
    EXPECT_TRUE(glob.matches("/var/log/a.log"));
    EXPECT_TRUE(glob.matches("/var/log/.log"));
    EXPECT_FALSE(glob.matches("/var/log/a.log.1"));
    EXPECT_FALSE(glob.matches("/var/log/x/a.log"));
    EXPECT_FALSE(glob.matches("/var/a.log"));
    EXPECT_FALSE(glob.matches("/var/log"));
}

TEST(Glob, AWildcardMatchesFoldersToo) {
    const Glob glob("/srv/*/logs/app-?.log");
    EXPECT_TRUE(glob.matches("/srv/a/logs/app-1.log"));
    EXPECT_FALSE(glob.matches("/srv/a/b/logs/app-1.log"));
    EXPECT_FALSE(glob.matches("/srv/a/logs/app-12.log"));
}

TEST(Glob, ClassesAreThoseOfFnmatch) {
    const Glob glob("/l/[a-c][!0-9].log");
    EXPECT_TRUE(glob.matches("/l/bx.log"));
    EXPECT_FALSE(glob.matches("/l/b1.log"));
    EXPECT_FALSE(glob.matches("/l/dx.log"));
}

TEST(Glob, TwoStarsAreAnyNumberOfFoldersNoneIncluded) {
    const Glob glob("/var/log/**/*.log");
    EXPECT_TRUE(glob.matches("/var/log/a.log"));
    EXPECT_TRUE(glob.matches("/var/log/x/a.log"));
    EXPECT_TRUE(glob.matches("/var/log/x/y/z/a.log"));
    EXPECT_FALSE(glob.matches("/var/logs/a.log"));
    EXPECT_FALSE(glob.matches("/var/log/x/a.txt"));

    const Glob between("/a/**/b/*.log");
    EXPECT_TRUE(between.matches("/a/b/x.log"));
    EXPECT_TRUE(between.matches("/a/1/2/b/x.log"));
    EXPECT_TRUE(between.matches("/a/b/b/x.log"));
    EXPECT_FALSE(between.matches("/a/1/c/x.log"));

    EXPECT_TRUE(Glob("/var/log/**").matches("/var/log/x/y"));
}

TEST(Glob, TwoStarsWithinANameAreNothingSpecial) {
    EXPECT_TRUE(Glob("/l/a**.log").matches("/l/abc.log"));
    EXPECT_FALSE(Glob("/l/a**.log").matches("/l/a/b.log"));
}

TEST(Glob, ALeadingDotIsNothingSpecial) {
    EXPECT_TRUE(Glob("/l/*").matches("/l/.hidden"));
    EXPECT_TRUE(Glob("/l/**/*.log").matches("/l/.cache/x.log"));
}

TEST(Glob, SlashesInARowAreOne) {
    EXPECT_TRUE(Glob("/var//log/*.log").matches("/var/log/a.log"));
    EXPECT_EQ(Glob("//var//log/*.log").base(), "/var/log");
}

TEST(Glob, ItsBaseIsTheFolderBeforeTheFirstWildcard) {
    EXPECT_EQ(Glob("/var/log/*/x.log").base(), "/var/log");
    EXPECT_EQ(Glob("/var/log/app.log").base(), "/var/log");
    EXPECT_EQ(Glob("/var/log/**").base(), "/var/log");
    EXPECT_EQ(Glob("/*.log").base(), "/");
    EXPECT_EQ(Glob("/app.log").base(), "/");
}

TEST(Glob, LeadsThroughTheFoldersOnItsWay) {
    const Glob glob("/srv/*/logs/*.log");
    for (const auto* on_the_way : {"/", "/srv", "/srv/a", "/srv/a/logs"})
        EXPECT_TRUE(glob.leads_through(on_the_way)) << on_the_way;
    for (const auto* elsewhere : {"/var", "/srv/a/b", "/srv/a/logs/a.log", "/srv/a/logs/x/y"})
        EXPECT_FALSE(glob.leads_through(elsewhere)) << elsewhere;

    const Glob deep("/srv/**/*.log");
    EXPECT_TRUE(deep.leads_through("/srv/a/b/c"));
    EXPECT_FALSE(deep.leads_through("/var/a"));
}

TEST(Glob, KnowsInWhichFoldersSomethingCouldMatch) {
    const Glob glob("/srv/*/logs/*.log");
    EXPECT_TRUE(glob.matches_in("/srv/a/logs"));
    EXPECT_FALSE(glob.matches_in("/srv/a"));
    EXPECT_FALSE(glob.matches_in("/srv"));
    const Glob deep("/srv/**/x.log");
    EXPECT_TRUE(deep.matches_in("/srv"));
    EXPECT_TRUE(deep.matches_in("/srv/a/b"));
    EXPECT_FALSE(deep.matches_in("/"));
    EXPECT_TRUE(Glob("/srv/**").matches_in("/srv/a/b"));
    EXPECT_TRUE(Glob("/srv/x/**").matches_in("/srv"));
}

TEST(PathFilter, IncludesWhatOnePatternMatchesAndNoneExcludes) {
    const PathFilter filter({"/l/*.log", "/m/*.txt"}, {"*.gz.log", "/l/debug*.log"});
    EXPECT_TRUE(filter.matches("/l/a.log"));
    EXPECT_TRUE(filter.matches("/m/a.txt"));
    EXPECT_FALSE(filter.matches("/m/a.log"));
    EXPECT_FALSE(filter.matches("/l/a.gz.log")) << "a pattern without a slash is for the name";
    EXPECT_FALSE(filter.matches("/l/debug-1.log"));
    EXPECT_TRUE(filter.excludes("/anywhere/a.gz.log"));
    EXPECT_FALSE(filter.excludes("/m/debug-1.log"));
    EXPECT_TRUE(filter.leads_through("/m"));
    EXPECT_TRUE(filter.matches_in("/l"));
    EXPECT_FALSE(filter.matches_in("/"));
}

TEST(Paths, AreJoinedAndTakenApart) {
    EXPECT_EQ(join_path("/a", "b"), "/a/b");
    EXPECT_EQ(join_path("/", "b"), "/b");
    EXPECT_EQ(parent_of("/a/b"), "/a");
    EXPECT_EQ(parent_of("/a"), "/");
    EXPECT_EQ(parent_of("/"), "/");
}

// The slow and plain way.
bool takes(const std::vector<std::string>& pattern, std::size_t part, const std::vector<std::string>& path,
           std::size_t name) {
    if (part == pattern.size()) return name == path.size();
    if (pattern[part] == "**")
        return takes(pattern, part + 1, path, name) || (name < path.size() && takes(pattern, part, path, name + 1));
    return name < path.size() && (pattern[part] == "*" || pattern[part] == path[name]) &&
           takes(pattern, part + 1, path, name + 1);
}

std::string joined(const std::vector<std::string>& names) {
    std::string path;
    for (const auto& name : names) path += "/" + name;
    return path;
}

TEST(GlobModel, TwoStarsTakeWhatTheyTakeInThePlainWay) {
    const std::vector<std::string> parts = {"a", "b", "*", "**"};
    const std::vector<std::string> names = {"a", "b", "c"};
    std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same each time
    for (int i = 0; i < 20'000; ++i) {
        std::vector<std::string> pattern(1 + (random() % 6));
        std::vector<std::string> path(random() % 7);
        for (auto& part : pattern) part = parts[random() % parts.size()];
        for (auto& name : path) name = names[random() % names.size()];
        const Glob glob(joined(pattern));
        const auto where = joined(pattern) + " " + joined(path);
        if (!path.empty()) {
            EXPECT_EQ(glob.matches(joined(path)), takes(pattern, 0, path, 0)) << where;
        }
        const bool something = std::ranges::any_of(names, [&](const auto& name) {
            auto below = path;
            below.push_back(name);
            return takes(pattern, 0, below, 0);
        });
        EXPECT_EQ(glob.matches_in(path.empty() ? "/" : joined(path)), something) << where;
    }
}

TEST(Glob, ManyTwoStarsOnADeepPathCostNextToNothing) {
    const Glob glob(joined(std::vector<std::string>(12, "**/a")) + "/b");
    EXPECT_FALSE(glob.matches(joined(std::vector<std::string>(500, "a")))) << "the plain way would take for ever";
}

}  // namespace
}  // namespace agent::discover
