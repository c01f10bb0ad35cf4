#include "agent/read/reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "common/base/assert.h"

namespace agent::read {

using model::ExtentForm;
using model::FileOffset;
using model::Fingerprint;

namespace {

constexpr std::size_t kSmallExtentDivisor = 8;  // an extent below this part of its buffer gets one of its own size
constexpr std::uint64_t kPartialSearchBytesMax = 1 << 20;  // looked back for the start of the last line

// Reads until `size` bytes are there, the file ends or an error: a short read may be neither.
ssize_t pread_full(int fd, char* into, std::size_t size, FileOffset offset) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t n = ::pread(fd, into + done, size - done, static_cast<off_t>(offset.value + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return done > 0 ? static_cast<ssize_t>(done) : n;
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return static_cast<ssize_t>(done);
}

std::uint32_t anchor_length(std::uint64_t offset) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(offset, Fingerprint::kBytesMax));
}

}  // namespace

Reader::Reader(base::SharedFd file, model::LineLimit limit, config::TextEncoding encoding)
    : file_(std::move(file)),
      limit_(limit),
      configured_encoding_(encoding),
      encoding_(encoding),
      newline_(model::newline_of(encoding)) {}

void Reader::seek(FileOffset offset, const Fingerprint& anchor) {
    AGENT_ASSERT(anchor.length <= offset.value);
    offset_ = scanned_ = offset;
    bytes_wanted_ = 0;
    anchor_ = anchor;
    seen_ = std::max(seen_, offset);
}

void Reader::start_anew() {
    encoding_ = configured_encoding_;
    seen_ = {};
    seek({}, {});
}

void Reader::go_back(const model::Extent& last, FileOffset offset, std::size_t bytes_wanted) {
    AGENT_ASSERT(last.end <= offset_ && last.begin <= offset);
    const auto within = offset - last.begin;
    const std::uint32_t length = anchor_length(offset.value);
    if (within == 0)
        seek(offset, last_anchor_);
    else if (length <= within && within <= last.bytes.size())
        seek(offset, Fingerprint::of(last.bytes.substr(within - length, length)));
    else
        seek(offset, anchor_at(offset));
    bytes_wanted_ = bytes_wanted;
}

std::string Reader::pread(std::size_t size, FileOffset offset) const {
    AGENT_ASSERT(is_open());
    std::string bytes(size, '\0');
    const ssize_t n = pread_full(file_->get(), bytes.data(), size, offset);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
}

ReadResult Reader::read_view(BufferPool& pool, std::size_t want, View& view) {
    view.guard = anchor_.length;
    const std::size_t size = view.guard + want;
    if (view.buffer.capacity < size) {
        pool.give_back(std::move(view.buffer));
        view.buffer = size <= pool.buffer_bytes() ? pool.take() : model::Buffer::of(size);
    }
    const ssize_t n = pread_full(file_->get(), view.buffer.bytes.get(), size, offset_ - view.guard);
    if (n < 0) return {.status = ReadStatus::failed, .error = errno};
    const auto got = static_cast<std::size_t>(n);
    if (got < view.guard || !anchor_.matches({view.buffer.bytes.get(), view.guard}))
        return {.status = ReadStatus::truncated};
    view.size = got - view.guard;
    const auto end = offset_ + view.size;
    if (view.size < want && end < seen_) {
        cut_off_ = {.begin = end, .end = seen_, .bytes = seen_ - end};
        seen_ = end;
    }
    seen_ = std::max(seen_, end);
    return {.status = ReadStatus::extent};
}

// As long as it does not, all that there is of the file is a part of one character.
bool Reader::knows_encoding() {
    if (encoding_ != config::TextEncoding::by_bom) return true;
    const auto head = pread(model::kBomBytesMax, {});
    const auto told = model::encoding_by_bom(head);
    if (told) encoding_ = *told;
    newline_ = model::newline_of(encoding_);
    if (!told) scanned_ = std::max(offset_, FileOffset{head.size()});
    return told.has_value();
}

// How far there are no halves of a newline.
FileOffset Reader::whole_units(FileOffset end) const {
    return std::max(offset_, end - (end.value % model::newline_bytes(newline_)));
}

ReadResult Reader::read(BufferPool& pool) {
    AGENT_ASSERT(is_open());
    if (!knows_encoding()) return {.status = ReadStatus::at_end};
    View view;
    const std::size_t line_bytes_max = limit_.bytes_max + model::kLineEndingBytesMax;
    // A partial line that is known to be longer than one read is not read piece by piece again.
    std::size_t want = std::max({kExtentBytesMax, bytes_wanted_, std::min(partial_bytes() * 2, line_bytes_max)});
    while (true) {
        auto result = read_view(pool, want, view);
        if (result.status != ReadStatus::extent) {
            pool.give_back(std::move(view.buffer));
            return result;
        }
        // Also in what was looked through before: no anchor tells whether a partial line was rewritten meanwhile.
        if (const auto size = model::last_line_end({view.data(), view.size}, offset_, newline_)) {
            const auto looked_at = view.size;
            result = make_extent(pool, std::move(view), size, offset_ + size, ExtentForm::lines);
            result.drained = looked_at < want;
            result.looked_at = looked_at;
            return result;
        }
        const auto end = whole_units(offset_ + view.size);
        if (view.size < want) scanned_ = end;  // the file ends here, perhaps earlier than before
        scanned_ = std::max(scanned_, end);
        if (view.size >= line_bytes_max) return read_long_line(pool, std::move(view));
        if (view.size < want) {
            pool.give_back(std::move(view.buffer));
            return {.status = ReadStatus::at_end};
        }
        want = std::min(want * 4, line_bytes_max);
    }
}

ReadResult Reader::read_long_line(BufferPool& pool, View view) {
    if (limit_.policy == config::LongLine::split) {
        // As many whole pieces as are certainly not the line's last one, which comes with the line ending.
        const std::size_t size = (view.size - model::kLineEndingBytesMax) / limit_.bytes_max * limit_.bytes_max;
        return make_extent(pool, std::move(view), size, offset_ + size, ExtentForm::piece);
    }
    return end_of_long_line(pool, std::move(view));
}

// Looks ahead for the end of a line that is cut or skipped as a whole. Only where it has looked is remembered, so that
// a rewind simply looks again.
ReadResult Reader::end_of_long_line(BufferPool& pool, View view) {
    auto scan = pool.take();
    ReadResult result{.status = ReadStatus::again};
    for (std::size_t looked = 0; looked < kScanBytesMax;) {
        const ssize_t n = pread_full(file_->get(), scan.bytes.get(), scan.capacity, scanned_);
        if (n <= 0) {
            result = {.status = n < 0 ? ReadStatus::failed : ReadStatus::at_end, .error = n < 0 ? errno : 0};
            break;
        }
        const auto size = static_cast<std::size_t>(n);
        if (const auto end = model::first_line_end({scan.bytes.get(), size}, scanned_, newline_)) {
            const FileOffset line_end = scanned_ + end;
            pool.give_back(std::move(scan));
            const bool skip = limit_.policy == config::LongLine::skip;
            return make_extent(pool, std::move(view), skip ? 0 : limit_.bytes_max, line_end,
                               skip ? ExtentForm::skipped : ExtentForm::piece);
        }
        const auto scanned = whole_units(scanned_ + size);
        if (scanned == scanned_) {
            result = {.status = ReadStatus::at_end};
            break;
        }
        looked += scanned - scanned_;
        scanned_ = scanned;
    }
    pool.give_back(std::move(scan));
    pool.give_back(std::move(view.buffer));
    return result;
}

ReadResult Reader::read_partial_line(BufferPool& pool) {
    AGENT_ASSERT(is_open());
    (void)knows_encoding();
    View view;
    auto result = read_view(pool, limit_.bytes_max, view);
    const bool completed =
        result.status == ReadStatus::extent && (model::first_line_end({view.data(), view.size}, offset_, newline_) > 0);
    if (result.status == ReadStatus::extent && view.size > 0 && !completed) {
        const std::size_t size = view.size;
        return make_extent(pool, std::move(view), size, offset_ + size, ExtentForm::partial_line);
    }
    pool.give_back(std::move(view.buffer));
    return result.status == ReadStatus::extent ? ReadResult{.status = ReadStatus::at_end} : std::move(result);
}

ReadResult Reader::make_extent(BufferPool& pool, View view, std::size_t size, FileOffset end, ExtentForm form) {
    auto extent = std::make_unique<model::Extent>();
    extent->begin = offset_;
    extent->end = end;
    extent->form = form;
    extent->encoding = encoding_ == config::TextEncoding::by_bom ? config::TextEncoding::utf8 : encoding_;

    // The guard and the extent together hold the last bytes, unless the line goes on behind them or the anchor was
    // shorter than it could be.
    const std::uint32_t length = anchor_length(end.value);
    extent->anchor = end == offset_ + size && length <= view.guard + size
                         ? Fingerprint::of({view.data() + size - length, length})
                         : anchor_at(end);

    if (size < view.buffer.capacity / kSmallExtentDivisor) {
        extent->buffer = model::Buffer::of(size);
        std::memcpy(extent->buffer.bytes.get(), view.data(), size);
        pool.give_back(std::move(view.buffer));
        extent->bytes = {extent->buffer.bytes.get(), size};
    } else {
        extent->bytes = {view.data(), size};
        extent->buffer = std::move(view.buffer);
    }
    last_anchor_ = anchor_;
    seek(end, extent->anchor);
    return {.status = ReadStatus::extent, .extent = std::move(extent)};
}

Fingerprint Reader::head(FileOffset end) const {
    return Fingerprint::of(pread(anchor_length(end.value), {0}));
}

Fingerprint Reader::anchor_at(FileOffset offset) const {
    const std::uint32_t length = anchor_length(offset.value);
    return Fingerprint::of(pread(length, offset - length));
}

base::Result<Reader::About> Reader::look() {
    if (!is_open()) return base::fail("it is closed");
    struct stat about{};
    if (::fstat(file_->get(), &about) != 0) return base::fail("{}", base::errno_text(errno));
    const auto size = static_cast<std::uint64_t>(about.st_size);
    seen_ = std::max(seen_, FileOffset{size});
    return About{.size = size,
                 .disk_bytes = static_cast<std::uint64_t>(about.st_blocks) * S_BLKSIZE,
                 .deleted = about.st_nlink == 0};
}

bool Reader::recognises(const Fingerprint& head, const Fingerprint& anchor, FileOffset offset) const {
    AGENT_ASSERT(is_open());
    if (anchor.length > offset.value) return false;
    struct stat about{};
    if (::fstat(file_->get(), &about) != 0 || static_cast<std::uint64_t>(about.st_size) < offset.value) return false;
    return head.matches(pread(head.length, {0})) && anchor.matches(pread(anchor.length, offset - anchor.length));
}

FileOffset Reader::last_line_start() {
    const auto about = look();
    if (!about) return {};
    const std::uint64_t back = std::min(about->size, kPartialSearchBytesMax);
    const FileOffset from{about->size - back};
    (void)knows_encoding();
    return from + model::last_line_end(pread(back, from), from, newline_);
}

}  // namespace agent::read
