#include "agent/discover/decompressor.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include <unistd.h>
#define ZLIB_CONST  // its input is const
#include <zlib.h>
#include <zstd.h>

#include "common/base/assert.h"

namespace agent::discover {

namespace {

constexpr int kGzipOnly = 16;  // added to zlib's window bits

class GzipDecompressor final : public Decompressor {
 public:
    explicit GzipDecompressor(base::SharedFd fd) : Decompressor(std::move(fd)) {
        AGENT_ASSERT(inflateInit2(&stream_, kGzipOnly + MAX_WBITS) == Z_OK);
    }
    ~GzipDecompressor() override { inflateEnd(&stream_); }
    GzipDecompressor(const GzipDecompressor&) = delete;
    GzipDecompressor& operator=(const GzipDecompressor&) = delete;

 private:
    base::Result<Step> decode(std::string_view input, std::span<char> into) override {
        AGENT_ASSERT(input.size() <= std::numeric_limits<uInt>::max());
        const auto room = std::min<std::size_t>(into.size(), std::numeric_limits<uInt>::max());
        stream_.next_in = reinterpret_cast<const Bytef*>(input.data());
        stream_.avail_in = static_cast<uInt>(input.size());
        stream_.next_out = reinterpret_cast<Bytef*>(into.data());
        stream_.avail_out = static_cast<uInt>(room);
        const int status = inflate(&stream_, Z_NO_FLUSH);
        const bool ended = status == Z_STREAM_END;
        if (!ended && status != Z_OK && status != Z_BUF_ERROR)
            return base::fail("{}", stream_.msg ? stream_.msg : zError(status));
        if (ended) AGENT_ASSERT(inflateReset(&stream_) == Z_OK);
        return Step{
            .consumed = input.size() - stream_.avail_in, .produced = room - stream_.avail_out, .member_ended = ended};
    }

    z_stream stream_{};
};

class ZstdDecompressor final : public Decompressor {
 public:
    explicit ZstdDecompressor(base::SharedFd fd) : Decompressor(std::move(fd)), context_(ZSTD_createDCtx()) {
        AGENT_ASSERT(context_);
        AGENT_ASSERT(!ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax)));
    }

 private:
    struct Free {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };

    base::Result<Step> decode(std::string_view input, std::span<char> into) override {
        ZSTD_inBuffer from{.src = input.data(), .size = input.size(), .pos = 0};
        ZSTD_outBuffer to{.dst = into.data(), .size = into.size(), .pos = 0};
        const auto status = ZSTD_decompressStream(context_.get(), &to, &from);
        if (ZSTD_isError(status)) return base::fail("{}", ZSTD_getErrorName(status));
        return Step{.consumed = from.pos, .produced = to.pos, .member_ended = status == 0};
    }

    std::unique_ptr<ZSTD_DCtx, Free> context_;
};

}  // namespace

std::optional<Compression> compression_of(std::string_view name) {
    if (name.ends_with(".gz")) return Compression::gzip;
    if (name.ends_with(".zst")) return Compression::zstd;
    return std::nullopt;
}

std::unique_ptr<Decompressor> Decompressor::create(base::SharedFd fd, Compression compression) {
    if (compression == Compression::gzip) return std::make_unique<GzipDecompressor>(std::move(fd));
    return std::make_unique<ZstdDecompressor>(std::move(fd));
}

Decompressor::Decompressor(base::SharedFd fd) : fd_(std::move(fd)), buffer_(kInputBytes, '\0') {}

base::Result<void> Decompressor::refill() {
    ssize_t size = 0;
    do size = ::read(fd_->get(), buffer_.data(), buffer_.size());
    while (size < 0 && errno == EINTR);
    if (size < 0) return base::fail("cannot read it at byte {}: {}", offset_, base::errno_text(errno));
    input_ = std::string_view(buffer_).substr(0, static_cast<std::size_t>(size));
    return {};
}

base::Result<std::size_t> Decompressor::read(std::span<char> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        if (input_.empty())
            if (auto read = refill(); !read) return std::unexpected(read.error());
        if (input_.empty() && between_members_) break;

        const auto step = decode(input_, into.subspan(done));
        if (!step) return base::fail("it is damaged at byte {}: {}", offset_, step.error().message);
        const bool stands_still = step->consumed == 0 && step->produced == 0 && !step->member_ended;
        if (stands_still && input_.empty()) return base::fail("it is cut off: it ends at byte {}", offset_);
        if (stands_still) return base::fail("it is damaged at byte {}", offset_);
        input_.remove_prefix(step->consumed);
        offset_ += step->consumed;
        done += step->produced;
        between_members_ = step->member_ended;
    }
    return done;
}

}  // namespace agent::discover
