#include "tests/support/judge/line.h"

#include <array>
#include <charconv>
#include <iterator>

#include <fmt/format.h>
#include <time.h>
#include <xxhash.h>

namespace judge {
namespace {

constexpr std::string_view kSumKey = " sum=";
constexpr std::size_t kSumBytes = 8;
constexpr std::size_t kPaddingBytes = std::size_t{1} << 16;

// Words as logs have them, in no order: codecs find about as much to compress as in a real log.
std::string make_padding() {
    constexpr std::array<std::string_view, 24> kWords = {
        "GET",        "POST", "/api/v1/items", "/index.html", "200",      "404",      "INFO",  "WARN",
        "user=alice", "took", "upstream",      "timed",       "out",      "retry",    "cache", "miss",
        "10.20.30.4", "ms",   "bytes",         "Mozilla/5.0", "session=", "request=", "shard", "closed"};
    std::string padding;
    std::uint64_t state = 1;
    while (padding.size() < kPaddingBytes) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        padding += kWords.at((state >> 33U) % kWords.size());
        fmt::format_to(std::back_inserter(padding), " {:x} ", (state >> 40U) & 0xffffU);
    }
    return padding;
}

void append_padding(std::string& out, std::uint64_t sequence, std::size_t bytes) {
    static const std::string padding = make_padding();
    std::size_t from = (sequence * 7919) % padding.size();
    while (bytes > 0) {
        const auto part = std::string_view{padding}.substr(from, bytes);
        out += part;
        bytes -= part.size();
        from = 0;
    }
}

std::uint32_t sum_of(std::string_view text) {
    return static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size()));
}

// Takes "KEYdigits" off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view key, int base = 10) {
    if (!text.starts_with(key)) return std::nullopt;
    std::uint64_t value = 0;
    const char* begin = text.data() + key.size();
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value, base);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

}  // namespace

void append_line(std::string& out, const Line& line, std::size_t bytes) {
    const auto begin = out.size();
    fmt::format_to(std::back_inserter(out), "id={}/{}/{} at={} len={} ", line.id.writer, line.id.generation,
                   line.id.sequence, line.written_at, bytes);
    const auto needed = out.size() - begin + kSumKey.size() + kSumBytes;
    if (needed > bytes) {
        out.resize(begin);
        return append_line(out, line, needed + 1);  // one more digit at most
    }
    append_padding(out, line.id.sequence, bytes - needed);
    const auto sum = sum_of(std::string_view{out}.substr(begin));
    fmt::format_to(std::back_inserter(out), "{}{:08x}\n", kSumKey, sum);
}

std::optional<Line> parse_line(std::string_view text) {
    const auto whole = text;
    if (whole.size() < kSumKey.size() + kSumBytes) return std::nullopt;
    const auto body = whole.substr(0, whole.size() - kSumKey.size() - kSumBytes);
    auto tail = whole.substr(body.size());
    const auto sum = take_number(tail, kSumKey, 16);
    if (!sum || !tail.empty() || *sum != sum_of(body)) return std::nullopt;

    Line line;
    if (!text.starts_with("id=")) return std::nullopt;
    text.remove_prefix(3);
    line.id.writer = text.substr(0, text.find('/'));
    text.remove_prefix(line.id.writer.size());
    const auto generation = take_number(text, "/");
    const auto sequence = take_number(text, "/");
    const auto written_at = take_number(text, " at=");
    const auto bytes = take_number(text, " len=");
    if (!generation || !sequence || !written_at || !bytes || *bytes != whole.size()) return std::nullopt;
    line.id.generation = *generation;
    line.id.sequence = *sequence;
    line.written_at = *written_at;
    return line;
}

std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000ULL + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace judge
