#include "common/net/gzip.h"

#include <algorithm>
#include <limits>

#include <zlib.h>

#include "common/base/assert.h"

namespace net {

namespace {

constexpr int kGzipWindowBits = 15 + 16;  // 16 asks for gzip's header and trailer
constexpr int kMemoryLevel = 8;           // zlib's default
constexpr std::size_t kStepBytes = 64ULL << 10;

// zlib reads what it is given without changing it, but does not say so.
Bytef* readable(std::string_view bytes) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

std::string gzip(std::string_view bytes) {
    z_stream stream{};
    AGENT_ASSERT(bytes.size() <= std::numeric_limits<uInt>::max());
    const int ready =
        ::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY);
    AGENT_ASSERT(ready == Z_OK);
    std::string out(::deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = readable(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int done = ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    (void)::deflateEnd(&stream);
    AGENT_ASSERT(done == Z_STREAM_END);
    return out;
}

base::Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
    if (bytes.size() > std::numeric_limits<uInt>::max()) return base::fail("cannot inflate: {} bytes", bytes.size());
    z_stream stream{};
    const int ready = ::inflateInit2(&stream, kGzipWindowBits);
    AGENT_ASSERT(ready == Z_OK);
    stream.next_in = readable(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    int state = Z_OK;
    while (state == Z_OK && out.size() <= bytes_max) {
        const auto before = out.size();
        const auto step = std::min(kStepBytes, bytes_max + 1 - before);  // one more tells "full" from "too much"
        out.resize(before + step);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = static_cast<uInt>(step);
        state = ::inflate(&stream, Z_NO_FLUSH);
        out.resize(before + step - stream.avail_out);
    }
    const auto rest = stream.avail_in;
    (void)::inflateEnd(&stream);
    if (out.size() > bytes_max) return base::fail("cannot inflate: more than {} bytes", bytes_max);
    if (state == Z_BUF_ERROR) return base::fail("cannot inflate: it is cut off");
    if (state != Z_STREAM_END) return base::fail("cannot inflate: it is no gzip, or damaged");
    if (rest > 0) return base::fail("cannot inflate: {} bytes follow its end", rest);
    return out;
}

}  // namespace net
