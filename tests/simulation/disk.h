// A file system whose names, inodes and changes are in memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/discover/file_system.h"
#include "common/base/manual_clock.h"
#include "common/base/unique_fd.h"
#include "tests/simulation/random.h"

namespace simulation {

namespace discover = agent::discover;
namespace model = agent::model;
using TimePoint = base::ManualClock::TimePoint;

// One inode from its making to its end. Its bytes are here, as the truth, and in a real file, for the reader.
struct File {
    std::size_t number;
    model::FileIdentity identity;
    std::string backing;  // the real file's path
    base::UniqueFd fd;
    std::string bytes;
    std::set<std::string> paths;  // hard links
    bool deleted = false;
    bool inode_free = false;  // it was deleted, and nobody has it open: the inode is used again
    int open = 0;             // descriptors that the agent has of it
    TimePoint open_since;
    std::uint64_t changes = 0;
    TimePoint made_at;
    std::vector<std::pair<std::uint64_t, TimePoint>> growths;  // from which size on, of what is still there

    TimePoint grown_at() const { return growths.empty() ? made_at : growths.back().second; }

    std::uint64_t complete() const { return bytes.rfind('\n') + 1; }  // of complete lines; npos + 1 is 0
};

// What happens to files is told to whoever observes the disk before the agent can know.
class DiskObserver {
 public:
    virtual ~DiskObserver() = default;
    virtual void file_opened(File& file, const std::string& path) = 0;  // by the agent
    virtual void file_closed(File& file) = 0;                           // it has no descriptor of it any more
    virtual void file_deleted(File& file) = 0;
    virtual void file_grows(File& file) = 0;  // before it
    virtual void file_cut(File& file) = 0;
    virtual void names_changed() = 0;  // some file was renamed, linked or deleted
};

class Watcher;

// Life: of a history. What the agent sees of it is files().
class Disk {
 public:
    Disk(std::filesystem::path folder, bool generations, Random& random, const base::ManualClock& clock)
        : folder_(std::move(folder)), generations_(generations), random_(random), clock_(clock) {}
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    void observe(DiskObserver& observer) { observer_ = &observer; }
    std::unique_ptr<discover::FileSystem> files();

    File& create(const std::string& path);  // a name that is free
    void append(File& file, std::string_view bytes);
    void cut(File& file, std::uint64_t size);
    void rename(const std::string& from, const std::string& to);       // what `to` led to loses this name
    void link(const std::string& from, const std::string& to);         // `to` is free
    void link_to(const std::string& target, const std::string& link);  // a symbolic one; free
    void remove(const std::string& path);
    void free_inode(File& file);

    bool exists(const std::string& path) const { return names_.contains(path); }
    File* at(const std::string& path) const;  // through links; null
    std::vector<std::string> names() const;
    std::vector<std::string> paths_of(const File& file) const;  // all that lead to it, symbolic links too
    std::deque<File>& all() { return all_; }
    File* of(const model::FileIdentity& identity);  // the latest one

    void set_open_max(std::size_t files) { open_max_ = files; }    // that the agent may keep open
    void open_by_handles(bool may_be) { handles_open_ = may_be; }  // the agent has the right to
    bool is_short() const { return open_max_ != kUnlimited; }
    void set_trouble(bool unopenable, bool loses_events);
    bool is_unopenable() const { return unopenable_; }  // no descriptors left
    TimePoint openable_since() const { return unopenable_ ? TimePoint::max() : openable_since_; }
    bool was_in_trouble() const { return was_in_trouble_; }

 private:
    static constexpr auto kUnlimited = std::numeric_limits<std::size_t>::max();

    friend class Files;
    friend class Watcher;
    struct Name {
        File* file = nullptr;
        std::string target;  // of a symbolic link
        std::uint64_t inode = 0;
    };

    void tell(discover::Change change, const std::string& path);
    void tell_growth(const File& file);
    base::SharedFd open(File& file);
    void drop(const std::string& path);

    std::filesystem::path folder_;
    bool generations_;
    Random& random_;
    const base::ManualClock& clock_;
    DiskObserver* observer_ = nullptr;
    Watcher* watcher_ = nullptr;
    std::deque<File> all_;
    std::map<std::string, Name> names_;
    std::vector<std::uint64_t> free_inodes_;
    std::size_t open_max_ = kUnlimited;
    std::size_t open_ = 0;
    bool handles_open_ = false;
    bool unopenable_ = false;
    bool loses_events_ = false;
    bool was_in_trouble_ = false;
    TimePoint openable_since_;
    std::uint64_t next_inode_ = 10;
    std::uint64_t next_generation_ = 1;
};

}  // namespace simulation
