#include "tests/simulation/disk.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/discover/glob.h"

namespace simulation {

using discover::Change;

namespace {

constexpr std::array kFolders{"/", "/logs", "/logs/sub", "/away", "/real"};
constexpr int kLinksMax = 8;

}  // namespace

// In inotify's place: looks at its queue once in a while, and may lose events.
class Watcher : public discover::DirectoryWatcher {
 public:
    Watcher(Disk& disk, base::EventLoop& loop, Observer observe, std::function<void()> settled)
        : disk_(disk), loop_(loop), observe_(std::move(observe)), settled_(std::move(settled)), timer_(loop) {
        disk_.watcher_ = this;
    }
    ~Watcher() override { disk_.watcher_ = nullptr; }

    base::Result<void> watch(const std::string& folder) override {
        if (std::ranges::find(kFolders, folder) == kFolders.end()) return base::fail("no such folder");
        watched_.insert(folder);
        return {};
    }
    void forget(const std::string& folder) override { watched_.erase(folder); }

    void tell(Change change, const std::string& path) {
        const auto folder = discover::parent_of(path);
        if (!watched_.contains(folder)) return;
        queue_.push_back({change, folder, path.substr(path.rfind('/') + 1)});
        if (disk_.loses_events_ && disk_.random_.one_in(3)) {
            queue_.clear();
            if (disk_.random_.one_in(2)) queue_.push_back({Change::overflow, "", ""});
        }
        if (queue_.empty() || std::exchange(scheduled_, true)) return;
        timer_.after(std::max(next_look_ - loop_.now(), TimePoint::duration{}), [this] { take_events(); });
    }

 private:
    struct Event {
        Change change;
        std::string folder;
        std::string name;
    };

    void take_events() {
        scheduled_ = false;
        for (const auto& event : std::exchange(queue_, {}))
            if (event.change == Change::overflow || watched_.contains(event.folder))
                observe_({.change = event.change, .folder = event.folder, .name = event.name});
        settled_();
        next_look_ = loop_.now() + kPause;
    }

    Disk& disk_;
    base::EventLoop& loop_;
    Observer observe_;
    std::function<void()> settled_;
    std::set<std::string> watched_;
    std::vector<Event> queue_;
    bool scheduled_ = false;
    TimePoint next_look_;
    base::Timer timer_;
};

// The agent's sight of the disk.
class Files : public discover::FileSystem {
 public:
    explicit Files(Disk& disk) : disk_(disk) {}

    std::optional<FolderId> folder(const std::string& path) override {
        const auto* found = std::ranges::find(kFolders, path);
        if (found == kFolders.end()) return std::nullopt;
        return FolderId(1, found - kFolders.begin());
    }
    base::Result<std::vector<discover::ListedName>> list(const std::string& folder) override {
        if (disk_.unopenable_) return base::fail("cannot list {}: too many open files", folder);
        std::vector<discover::ListedName> listed;
        for (const auto* below : kFolders)
            if (std::string_view(below) != "/" && discover::parent_of(below) == folder)
                listed.push_back({.name = std::string(below).substr(std::string(below).rfind('/') + 1), .inode = 1});
        for (const auto& [path, name] : disk_.names_)
            if (discover::parent_of(path) == folder)
                listed.push_back(
                    {.name = path.substr(path.rfind('/') + 1), .inode = name.inode, .is_link = name.file == nullptr});
        for (std::size_t i = listed.size(); i > 1; --i) std::swap(listed[i - 1], listed[disk_.random_.below(i)]);
        return listed;
    }
    std::optional<discover::ListedName> look(const std::string& path) override {
        if (folder(path)) return discover::ListedName{.name = {}, .inode = 1};
        const auto found = disk_.names_.find(path);
        if (found == disk_.names_.end()) return std::nullopt;
        return discover::ListedName{.name = {}, .inode = found->second.inode, .is_link = found->second.file == nullptr};
    }
    std::optional<std::string> resolve(const std::string& path) override {
        auto target = path;
        for (int links = 0; links < kLinksMax; ++links) {
            const auto found = disk_.names_.find(target);
            if (found == disk_.names_.end()) return std::nullopt;
            if (found->second.file) return target;
            target = found->second.target;
        }
        return std::nullopt;
    }
    bool is_special(const std::string& path) override { return folder(path).has_value(); }
    base::Result<discover::OpenFile> open(const std::string& path) override {
        auto* file = disk_.at(path);
        if (!file) return base::fail("cannot open {}: no such file", path);
        if (disk_.unopenable_) return base::fail("cannot open {}: too many open files", path);
        disk_.observer_->file_opened(*file, path);
        return discover::OpenFile{.fd = disk_.open(*file), .identity = file->identity};
    }
    bool has_room(const discover::OpenFile& /*file*/) override { return disk_.open_ <= disk_.open_max_; }
    std::optional<discover::FileState> state(const std::string& path) override {
        const auto* file = disk_.at(path);
        if (!file) return std::nullopt;
        return discover::FileState{.device = file->identity.device,
                                   .inode = file->identity.inode,
                                   .size_bytes = file->bytes.size(),
                                   .changed_ns = file->changes};
    }
    std::string handle(const base::UniqueFd& fd) override {
        const auto found = std::ranges::find_if(disk_.all_, [&](const auto& file) { return is_same(file, fd); });
        return found == disk_.all_.end() ? "" : std::to_string(found->number);
    }
    base::Result<discover::OpenFile> open_by_handle(const std::string& handle, const std::string& /*folder*/) override {
        auto& file = disk_.all_.at(std::stoul(handle) - 1);
        if (!disk_.handles_open_ || disk_.unopenable_ || file.inode_free) return base::fail("cannot open it");
        return discover::OpenFile{.fd = disk_.open(file), .identity = file.identity};
    }
    base::Result<std::unique_ptr<discover::DirectoryWatcher>> watch(base::EventLoop& loop,
                                                                    discover::DirectoryWatcher::Observer observe,
                                                                    std::function<void()> settled) override {
        return std::make_unique<Watcher>(disk_, loop, std::move(observe), std::move(settled));
    }

 private:
    static bool is_same(const File& file, const base::UniqueFd& fd) {
        struct stat one{};
        struct stat other{};
        return ::fstat(file.fd.get(), &one) == 0 && ::fstat(fd.get(), &other) == 0 && one.st_ino == other.st_ino;
    }

    Disk& disk_;
};

std::unique_ptr<discover::FileSystem> Disk::files() {
    return std::make_unique<Files>(*this);
}

Disk::~Disk() {
    for (const auto& file : all_)
        if (!file.deleted) ::unlink(file.backing.c_str());
}

File& Disk::create(const std::string& path) {
    auto& file = all_.emplace_back();
    file.number = all_.size();
    file.identity.device = 1;
    if (free_inodes_.empty()) {
        file.identity.inode = next_inode_++;
    } else {
        file.identity.inode = free_inodes_.back();
        free_inodes_.pop_back();
    }
    if (generations_) {
        file.identity.generation = next_generation_++;
        file.identity.generation_kind = model::GenerationKind::handle;
    }
    file.backing = (folder_ / std::to_string(file.number)).string();
    file.fd = base::UniqueFd(::open(file.backing.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.fd) throw std::runtime_error("cannot make " + file.backing);
    file.made_at = clock_.now();
    file.paths.insert(path);
    names_[path] = {.file = &file, .target = {}, .inode = file.identity.inode};
    observer_->names_changed();
    tell(Change::appeared, path);
    return file;
}

base::SharedFd Disk::open(File& file) {
    if (file.open++ == 0) file.open_since = clock_.now();
    ++open_;
    const auto path = "/proc/self/fd/" + std::to_string(file.fd.get());  // it may have no name any more
    auto fd = std::make_unique<base::UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return {fd.release(), [this, &file](const base::UniqueFd* held) {
                delete held;
                --open_;
                if (--file.open == 0) observer_->file_closed(file);
            }};
}

void Disk::append(File& file, std::string_view bytes) {
    observer_->file_grows(file);
    ++file.changes;
    const auto written = ::pwrite(file.fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(file.bytes.size()));
    if (written != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("cannot write " + file.backing);
    if (!bytes.empty()) file.growths.emplace_back(file.bytes.size(), clock_.now());
    file.bytes += bytes;
    tell_growth(file);
}

void Disk::cut(File& file, std::uint64_t size) {
    if (::ftruncate(file.fd.get(), static_cast<off_t>(size)) != 0) throw std::runtime_error("cannot truncate");
    file.bytes.resize(size);
    ++file.changes;
    std::erase_if(file.growths, [&](const auto& growth) { return growth.first >= size; });
    observer_->file_cut(file);
    tell_growth(file);
}

void Disk::rename(const std::string& from, const std::string& to) {
    const auto name = names_.at(from);
    if (name.file) ++name.file->changes;
    if (exists(to)) drop(to);
    names_.erase(from);
    names_[to] = name;
    if (name.file) {
        name.file->paths.erase(from);
        name.file->paths.insert(to);
    }
    observer_->names_changed();
    tell(Change::vanished, from);
    tell(Change::appeared, to);
}

void Disk::link(const std::string& from, const std::string& to) {
    const auto name = names_.at(from);
    names_[to] = name;
    if (name.file) name.file->paths.insert(to);
    observer_->names_changed();
    tell(Change::appeared, to);
}

void Disk::link_to(const std::string& target, const std::string& link) {
    names_[link] = {.file = nullptr, .target = target, .inode = next_inode_++};
    observer_->names_changed();
    tell(Change::appeared, link);
}

void Disk::remove(const std::string& path) {
    drop(path);
    observer_->names_changed();
    tell(Change::vanished, path);
}

// A file that lost its last name is gone but for those who have it open.
void Disk::drop(const std::string& path) {
    auto* file = names_.at(path).file;
    names_.erase(path);
    if (!file) return;
    file->paths.erase(path);
    if (!file->paths.empty()) return;
    file->deleted = true;
    observer_->file_deleted(*file);
    ::unlink(file->backing.c_str());
}

void Disk::set_trouble(bool unopenable, bool loses_events) {
    if (unopenable_ && !unopenable) openable_since_ = clock_.now();
    unopenable_ = unopenable;
    loses_events_ = loses_events;
    was_in_trouble_ = was_in_trouble_ || unopenable || loses_events;
}

void Disk::free_inode(File& file) {
    file.inode_free = true;
    free_inodes_.push_back(file.identity.inode);
}

File* Disk::at(const std::string& path) const {
    auto found = names_.find(path);
    for (int links = 0; found != names_.end() && !found->second.file && links < kLinksMax; ++links)
        found = names_.find(found->second.target);
    return found == names_.end() ? nullptr : found->second.file;
}

std::vector<std::string> Disk::names() const {
    std::vector<std::string> names;
    for (const auto& [path, name] : names_) names.push_back(path);
    return names;
}

std::vector<std::string> Disk::paths_of(const File& file) const {
    std::vector<std::string> paths;
    for (const auto& [path, name] : names_)
        if (at(path) == &file) paths.push_back(path);
    return paths;
}

File* Disk::of(const model::FileIdentity& identity) {
    for (auto file = all_.rbegin(); file != all_.rend(); ++file)
        if (file->identity == identity) return &*file;
    return nullptr;
}

// Told under the name by which the writer opened it.
void Disk::tell_growth(const File& file) {
    if (file.paths.empty()) return;
    auto path = file.paths.begin();
    std::advance(path, static_cast<std::ptrdiff_t>(random_.below(file.paths.size())));
    tell(Change::modified, *path);
}

void Disk::tell(Change change, const std::string& path) {
    if (watcher_) watcher_->tell(change, path);
}

}  // namespace simulation
