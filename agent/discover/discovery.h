// Finds the files that the pipelines follow, and follows their names.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/discover/container_fields.h"
#include "agent/discover/directory_watcher.h"
#include "agent/discover/file_system.h"
#include "agent/discover/glob.h"
#include "agent/discover/link_targets.h"
#include "agent/discover/unmet_checkpoints.h"
#include "agent/model/checkpoint.h"
#include "common/base/event_loop.h"
#include "common/config/config.h"
#include "common/process/condition.h"
#include "common/telemetry/log.h"

namespace agent::discover {

// A file that a pipeline is to follow from now on.
struct FoundFile {
    std::string pipeline;
    std::string path;
    model::FileIdentity identity;
    base::SharedFd fd;                            // null: descriptors are short; it is to be opened later
    std::optional<model::Checkpoint> checkpoint;  // of this identity, or of its inode on another device
    bool at_end = false;                          // start_at = "end" applies
    bool is_copy = false;                         // `fd` is not the file itself, but what was unpacked of it
    Fields fields = {};                           // of all its records
};

// Why everything is looked at.
enum class Sweep : std::uint8_t { routine, events_lost };

// Thread: the control thread; called within Discovery's own calls, so an answer is posted.
class DiscoveryListener {
 public:
    virtual ~DiscoveryListener() = default;

    virtual void file_found(FoundFile file) = 0;
    virtual void files_changed(const std::vector<model::FileIdentity>& files) = 0;  // look at them again
    virtual void swept(Sweep sweep) = 0;                                            // look at all files again
    virtual void file_moved(const model::FileIdentity& file, const std::string& path) = 0;
    virtual void file_left(const model::FileIdentity& file) = 0;  // no path that we know leads to it any more
};

// Watches the folders that patterns lead through, and keeps which file is behind which name. Events only say where to
// look; a sweep looks everywhere now and then, so that a lost event, a file system without events or a folder beyond
// the limit of watches cost latency only.
//
// A file is followed by a pipeline once one of its paths matches, or once it is known from a checkpoint: a file that
// was rotated to a name that does not match, while nobody looked, is still finished.
//
// Life: one per agent. Thread: the control thread. Opens files, lists folders; reads no log data.
class Discovery {
 public:
    static constexpr std::chrono::seconds kSweepInterval{10};
    static constexpr int kDepthMax = 32;  // of folders below a pattern's base: symbolic links may make circles

    static base::Result<std::unique_ptr<Discovery>> create(
        base::EventLoop& loop, DiscoveryListener& listener, telemetry::Log& log,
        std::unique_ptr<FileSystem> files = std::make_unique<FileSystem>());

    // Looks for the pipeline's files at once. `looked_before`: start_at does not apply to what is found now.
    void add_pipeline(const std::string& name, const config::FileSourceConfig& source,
                      std::vector<model::Checkpoint> checkpoints, bool looked_before);
    void remove_pipeline(const std::string& name);

    // The pipeline is done with a file that had left; with a checkpoint, in case it comes into sight again.
    void release(const std::string& pipeline, const model::FileIdentity& file,
                 const std::optional<model::Checkpoint>& checkpoint = {});

    // The pipeline follows a file that no path leads to: it is not to be found. Its checkpoint, if there was one.
    std::optional<model::Checkpoint> take_over(const std::string& pipeline, const model::FileIdentity& file);

    // Whether `where` chooses the container that a file is of which the pipeline followed before it was changed.
    bool still_wants(const std::string& pipeline, const std::string& path, const Fields& fields) const;

    // Looks through the checkpoints whose files were not met; see UnmetCheckpoints.
    Stock take_stock(const std::string& pipeline, std::uint64_t now_ms, std::chrono::milliseconds retention);

    void sweep(Sweep why = Sweep::events_lost);

    // Paths that match and cannot be followed now, and folders that cannot be read, with the reason.
    const std::map<std::string, std::string>& troubled() const { return troubled_; }

 private:
    struct Pipeline {
        PathFilter filter;
        UnmetCheckpoints unmet;
        bool at_end = false;  // during the first look, where start_at = "end"
        std::set<model::FileIdentity> following;
        std::vector<Glob> within;  // where its files must be; empty: anywhere
        bool is_of_containers = false;
        std::optional<process::Condition> where = {};  // for a container's fields

        bool may_read(const std::string& real_path) const;
        bool wants(const std::string& path, const ContainerFields& container) const;
    };
    struct File {
        std::set<std::string> paths;
        std::string path;   // the one that was told last
        bool left = false;  // told
        std::weak_ptr<const base::UniqueFd> fd;
        std::set<std::string> followers;
    };
    struct Entry {
        model::FileIdentity file;
        bool is_link = false;  // its inode in the folder is not the file's
    };
    struct Folder {
        std::map<std::string, Entry, std::less<>> entries;  // files that somebody follows
    };

    Discovery(DiscoveryListener& listener, telemetry::Log& log, std::unique_ptr<FileSystem> files)
        : listener_(listener), log_(log), file_system_(std::move(files)) {}

    void observe(const DirectoryChange& change);
    void settle();
    void tell_name(const model::FileIdentity& identity, File& file);
    void attach(const Glob& glob);
    void scan(const std::string& folder, int depth);
    void scan_entries(const std::string& folder, int depth);
    void forget_folder(const std::string& folder);
    void forget_one_folder(const std::string& folder);
    void look(const std::string& folder, const std::string& name, std::uint64_t inode, int depth);
    void place(const std::string& folder, const std::string& name, bool is_link);
    void grown(const std::string& folder, std::string_view name);
    void follow_link(const std::string& link);
    void forget_link(const std::string& link);
    void observe_links(const DirectoryChange& change);
    void vanish(const std::string& folder, std::string_view name);
    void drop_path(const model::FileIdentity& identity, const std::string& path);
    void add_path(const model::FileIdentity& identity, const std::string& path);
    bool wanted(const std::string& path, std::uint64_t inode) const;
    bool is_for_any(const std::string& path) const;
    bool leads_through(const std::string& folder) const;
    std::string real_path_of(const OpenFile& file) const;
    std::string offer(const std::string& path, const std::string& real_path, const model::FileIdentity& identity,
                      const base::SharedFd& fd);
    File& remember(const model::FileIdentity& identity);
    void forget_file(const model::FileIdentity& identity);
    void cannot_follow(const std::string& path, const std::string& why);
    void cannot_read(const std::string& folder, const std::string& why);

    DiscoveryListener& listener_;
    telemetry::Log& log_;
    std::unique_ptr<FileSystem> file_system_;
    std::map<std::string, Pipeline> pipelines_;
    std::map<std::string, Folder, std::less<>> folders_;
    std::unordered_map<model::FileIdentity, File> files_;
    LinkTargets links_;                              // their folders are watched, but not looked through
    std::set<model::FileIdentity> changed_;          // since the last settle()
    std::set<model::FileIdentity> renamed_;          // lost a path since then, or got one again
    std::vector<FileSystem::FolderId> scanning_;     // the folders that scan() is in
    std::map<std::string, std::string> troubled_;    // paths that could not be followed, said once
    std::set<std::string> unwatched_;                // folders that the sweep alone looks after, said once
    std::unordered_map<std::uint64_t, int> inodes_;  // of files_, with how many there are
    bool overflowed_ = false;
    bool offer_known_ = false;  // what others follow may be for a pipeline that is new, or could not look there before
    std::unique_ptr<base::Timer> sweep_timer_;
    std::unique_ptr<DirectoryWatcher> watcher_;
};

}  // namespace agent::discover
