#include "agent/discover/compressed_generation.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/discover/decompressor.h"
#include "agent/discover/glob.h"
#include "agent/discover/open_file.h"
#include "common/base/units.h"

namespace agent::discover {

namespace fs = std::filesystem;

using model::Checkpoint;
using model::FileOffset;
using model::Fingerprint;

namespace {

constexpr std::size_t kPieceBytes = 64 << 10;
constexpr std::size_t kFaultsToldMax = 3;
static_assert(kPieceBytes >= Fingerprint::kBytesMax);  // a head is one piece

struct Candidate {
    std::string path;
    Compression compression = Compression::gzip;
    timespec modified{};

    bool is_newer_than(const Candidate& other) const {
        return std::tie(modified.tv_sec, modified.tv_nsec, path) >
               std::tie(other.modified.tv_sec, other.modified.tv_nsec, other.path);
    }
};

// Collects the candidates of several folders, which may be one under two names.
class CandidateSearch {
 public:
    explicit CandidateSearch(const Checkpoint& checkpoint)
        : stem_(fs::path(checkpoint.origin_path).stem().string()),
          name_(fs::path(checkpoint.path).filename().string()) {}

    base::Result<void> look_into(const std::string& folder) {
        std::error_code failed;
        fs::directory_iterator entry(folder, failed);
        if (failed == std::errc::no_such_file_or_directory) return {};
        for (; !failed && entry != fs::directory_iterator(); entry.increment(failed))
            consider(folder, entry->path().filename().string());
        if (failed) return base::fail("cannot list {}: {}", folder, base::errno_text(failed.value()));
        return {};
    }

    std::vector<Candidate> take_newest_first() {
        std::ranges::sort(found_, &Candidate::is_newer_than);
        return std::move(found_);
    }

 private:
    bool may_be_named(std::string_view name) const {
        return (!stem_.empty() && name.starts_with(stem_)) || (!name_.empty() && name.starts_with(name_));
    }

    void consider(const std::string& folder, const std::string& name) {
        const auto compression = compression_of(name);
        if (!compression || !may_be_named(name)) return;
        auto path = join_path(folder, name);
        struct stat about{};
        if (::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return;
        if (!seen_.emplace(about.st_dev, about.st_ino).second) return;
        found_.push_back({.path = std::move(path), .compression = *compression, .modified = about.st_mtim});
    }

    std::string stem_;
    std::string name_;
    std::set<std::pair<dev_t, ino_t>> seen_;
    std::vector<Candidate> found_;
};

base::Result<std::vector<Candidate>> find_candidates(const Checkpoint& checkpoint) {
    CandidateSearch search(checkpoint);
    for (const auto& folder : std::set{parent_of(checkpoint.path), parent_of(checkpoint.origin_path)})
        if (auto looked = search.look_into(folder); !looked) return std::unexpected(looked.error());
    return search.take_newest_first();
}

base::Result<base::UniqueFd> make_unlinked_file(const std::string& folder) {
    base::UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (!fd && (errno == EOPNOTSUPP || errno == EISDIR)) {  // the file system has none, or the kernel
        auto path = join_path(folder, "unpacked-XXXXXX");   // mkostemp(3) fills it in
        fd.reset(::mkostemp(path.data(), O_CLOEXEC));
        if (fd && ::unlink(path.c_str()) != 0) fd.reset();
    }
    if (!fd) return base::fail("cannot make a file in {}: {}", folder, base::errno_text(errno));
    return fd;
}

base::Result<void> write_at(const base::UniqueFd& fd, std::string_view bytes, FileOffset offset) {
    while (!bytes.empty()) {
        const ssize_t n = ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset.value));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return base::fail("cannot write {} bytes at {}: {}", bytes.size(), offset.value, base::errno_text(errno));
        bytes.remove_prefix(static_cast<std::size_t>(n));
        offset = offset + static_cast<std::uint64_t>(n);
    }
    return {};
}

// One candidate, from its first byte to its last.
class Unpacking {
 public:
    Unpacking(const Checkpoint& checkpoint, const UnpackOptions& options, std::unique_ptr<Decompressor> bytes)
        : checkpoint_(checkpoint), options_(options), bytes_(std::move(bytes)), piece_(kPieceBytes, '\0') {}

    // Goes to the watermark, unless the bytes before it are another file's.
    base::Result<bool> reach_watermark();

    // Once that is reached.
    base::Result<base::UniqueFd> unpack_rest();

 private:
    // The next bytes, of which none follow at the end. Valid until the next call.
    base::Result<std::string_view> next(std::uint64_t bytes_max);
    base::Result<void> write_rest(const base::UniqueFd& file);

    const Checkpoint& checkpoint_;
    const UnpackOptions& options_;
    std::unique_ptr<Decompressor> bytes_;
    std::string piece_;
    FileOffset offset_;   // behind the last piece
    std::string head_;    // the bytes of the checkpoint's
    std::string anchor_;  // likewise, once the watermark is reached
};

base::Result<std::string_view> Unpacking::next(std::uint64_t bytes_max) {
    if (options_.stop.stop_requested()) return base::fail("stopped");
    const auto size = bytes_->read({piece_.data(), std::min<std::uint64_t>(bytes_max, piece_.size())});
    if (!size) return std::unexpected(size.error());
    offset_ = offset_ + *size;
    return std::string_view(piece_).substr(0, *size);
}

base::Result<bool> Unpacking::reach_watermark() {
    const auto head = next(checkpoint_.head.length);
    if (!head) return std::unexpected(head.error());
    if (!checkpoint_.head.matches(*head)) return false;
    head_ = anchor_ = *head;

    while (offset_ < checkpoint_.watermark) {
        const auto bytes = next(checkpoint_.watermark - offset_);
        if (!bytes) return std::unexpected(bytes.error());
        if (bytes->empty()) return false;  // shorter than what was read
        anchor_ += *bytes;
        anchor_.erase(0, anchor_.size() - std::min<std::size_t>(anchor_.size(), Fingerprint::kBytesMax));
    }
    anchor_.erase(0, anchor_.size() - checkpoint_.anchor.length);
    return checkpoint_.anchor.matches(anchor_);
}

base::Result<base::UniqueFd> Unpacking::unpack_rest() {
    auto file = make_unlinked_file(options_.scratch_folder);
    if (!file) return file;
    if (auto written = write_at(*file, head_, {0}); !written) return std::unexpected(written.error());
    if (auto written = write_at(*file, anchor_, checkpoint_.watermark - anchor_.size()); !written)
        return std::unexpected(written.error());
    if (auto written = write_rest(*file); !written) return std::unexpected(written.error());
    return file;
}

base::Result<void> Unpacking::write_rest(const base::UniqueFd& file) {
    while (true) {
        const auto begin = offset_;
        const auto bytes = next(std::numeric_limits<std::uint64_t>::max());
        if (!bytes) return std::unexpected(bytes.error());
        if (bytes->empty()) break;
        if (offset_ - checkpoint_.watermark > options_.bytes_max)
            return base::fail("more than {} of it were not read", base::show_size(options_.bytes_max));
        if (auto written = write_at(file, *bytes, begin); !written) return written;
    }
    // Without an anchor the hole may be at its end.
    if (::ftruncate(file.get(), static_cast<off_t>(offset_.value)) != 0)
        return base::fail("cannot make a file of {} bytes: {}", offset_.value, base::errno_text(errno));
    return {};
}

// none: it is another file.
base::Result<std::optional<base::UniqueFd>> unpack(const Candidate& candidate, const Checkpoint& checkpoint,
                                                   const UnpackOptions& options) {
    auto opened = open_file(candidate.path);
    if (!opened) return std::unexpected(opened.error());
    Unpacking unpacking(checkpoint, options, Decompressor::create(std::move(opened->fd), candidate.compression));
    const auto fault = [&](const base::Error& error) {
        return base::fail("cannot unpack {}: {}", candidate.path, error.message);
    };
    const auto reached = unpacking.reach_watermark();
    if (!reached) return fault(reached.error());
    if (!*reached) return std::nullopt;
    auto file = unpacking.unpack_rest();
    if (!file) return fault(file.error());
    return std::move(*file);
}

// Compressing keeps the time at which a file was written last: what was finished when the checkpoint's file was read
// may begin like it, but is another one.
bool was_complete_before(const Candidate& candidate, const Checkpoint& checkpoint) {
    constexpr std::uint64_t kMs = 1000;
    const auto modified = static_cast<std::uint64_t>(candidate.modified.tv_sec) + 1;  // programs keep whole seconds
    return modified * kMs <= checkpoint.updated_ms;
}

bool can_be_verified(const Checkpoint& checkpoint) {
    const auto lengths = {checkpoint.head.length, checkpoint.anchor.length};
    return checkpoint.head.length > 0 && std::max(lengths) <= Fingerprint::kBytesMax &&
           std::max(lengths) <= checkpoint.watermark.value;
}

// Why none was found. No faults: there is none.
base::Result<std::optional<UnpackedGeneration>> none_found(const std::vector<Candidate>& candidates,
                                                           std::vector<std::string> faults) {
    if (candidates.size() > kCandidatesMax)
        faults.push_back(fmt::format("cannot try all {} compressed files around {}: only the newest {} were tried",
                                     candidates.size(), candidates.front().path, kCandidatesMax));
    if (faults.empty()) return std::nullopt;
    const auto more = faults.size() - std::min(faults.size(), kFaultsToldMax);
    faults.resize(faults.size() - more);
    if (more > 0) faults.push_back(fmt::format("and {} more", more));
    return base::fail("{}", fmt::join(faults, "; "));
}

UnpackedGeneration as_found(base::UniqueFd fd, const Candidate& candidate, const Checkpoint& checkpoint) {
    struct stat about{};
    const auto size = ::fstat(fd.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
    return {.fd = std::make_shared<const base::UniqueFd>(std::move(fd)),
            .path = candidate.path,
            .unread_bytes = size - std::min(size, checkpoint.watermark.value)};
}

}  // namespace

base::Result<std::optional<UnpackedGeneration>> unpack_generation(const Checkpoint& checkpoint,
                                                                  const UnpackOptions& options) {
    if (!can_be_verified(checkpoint)) return std::nullopt;
    const auto candidates = find_candidates(checkpoint);
    if (!candidates) return std::unexpected(candidates.error());
    const bool may_be_a_banner = checkpoint.head.length < Fingerprint::kBytesMax;

    std::optional<UnpackedGeneration> found;
    bool found_is_older = false;
    std::vector<std::string> faults;
    for (std::size_t i = 0; i < std::min(candidates->size(), kCandidatesMax); ++i) {
        const auto& candidate = (*candidates)[i];
        const bool is_older = was_complete_before(candidate, checkpoint);
        if (is_older && (may_be_a_banner || (found && !found_is_older))) continue;
        if (options.stop.stop_requested()) return base::fail("cannot unpack {}: stopped", candidate.path);
        auto unpacked = unpack(candidate, checkpoint, options);
        if (!unpacked) faults.push_back(unpacked.error().message);  // another may be it
        if (!unpacked || !*unpacked) continue;
        if (found)
            return base::fail("cannot tell whether {} or {} is the rest of {}: they begin with the same {} bytes",
                              found->path, candidate.path, checkpoint.path, checkpoint.watermark.value);
        found = as_found(std::move(**unpacked), candidate, checkpoint);
        found_is_older = is_older;
    }
    if (found) return found;
    return none_found(*candidates, std::move(faults));
}

}  // namespace agent::discover
