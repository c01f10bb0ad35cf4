#include "tests/support/judge/writer.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace judge {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(std::string_view what, const fs::path& path) {
    throw std::runtime_error{fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno))};
}

base::UniqueFd open_log(const fs::path& path, int flags) {
    base::UniqueFd fd{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | flags, 0644)};
    if (fd.get() < 0) fail("open", path);
    return fd;
}

fs::path numbered(const fs::path& path, std::uint64_t number) {
    return fmt::format("{}.{}", path.string(), number);
}

void rename_log(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) fail("rename", from);
}

// The oldest first, as logrotate does.
void rename_chain(const fs::path& path, std::uint64_t keep) {
    std::uint64_t last = 0;
    while (fs::exists(numbered(path, last + 1))) ++last;
    for (auto number = last; number >= 1; --number) {
        if (keep > 0 && number >= keep) {
            fs::remove(numbered(path, number));
        } else {
            rename_log(numbered(path, number), numbered(path, number + 1));
        }
    }
    rename_log(path, numbered(path, 1));
}

class Writer {
 public:
    explicit Writer(const WriteOptions& options)
        : options_{options},
          fd_{open_log(options.file, options.truncate_first ? O_TRUNC : 0)},
          generation_{options.first_generation} {}

    void run(const std::function<bool()>& stopped) {
        const auto begin = Clock::now();
        while ((options_.lines == 0 || total_ < options_.lines) && !stopped()) {
            if (options_.rate > 0) {
                const std::chrono::duration<double> due{static_cast<double>(total_) / options_.rate};
                std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(due));
            }
            if (options_.rotate_every > 0 && sequence_ == options_.rotate_every) rotate();
            append(lines_of_next_write());
        }
        write_out(buffer_);
    }

    Manifest manifest() const {
        auto all = finished_;
        all[{.writer = options_.writer, .generation = generation_}] = sequence_;
        return all;
    }

 private:
    std::uint64_t lines_of_next_write() const {
        auto lines = std::max<std::uint64_t>(options_.lines_per_write, 1);
        if (options_.lines > 0) lines = std::min(lines, options_.lines - total_);
        if (options_.rotate_every > 0) lines = std::min(lines, options_.rotate_every - sequence_);
        return lines;
    }

    void append(std::uint64_t lines) {
        for (std::uint64_t n = 0; n < lines; ++n) {
            append_line(buffer_,
                        {.id = {.writer = options_.writer, .generation = generation_, .sequence = sequence_ + n},
                         .written_at = options_.timestamps ? now_ns() : 0},
                        options_.line_bytes);
        }
        const auto kept = options_.torn ? (total_ * 31) % options_.line_bytes : 0;
        const auto bytes = buffer_.size() - std::min<std::size_t>(kept, buffer_.size());
        write_out(std::string_view{buffer_}.substr(0, bytes));
        buffer_.erase(0, bytes);
        sequence_ += lines;
        total_ += lines;
    }

    void rotate() {
        write_out(buffer_);
        buffer_.clear();
        finished_[{.writer = options_.writer, .generation = generation_}] = sequence_;
        const auto renamed = numbered(options_.file, 1);
        if (options_.rotation == Rotation::rename) {
            rename_chain(options_.file, options_.keep);
        } else {
            rename_log(options_.file, renamed);
        }
        fd_ = open_log(options_.file, O_EXCL);
        if (options_.rotation == Rotation::rename_delete) fs::remove(renamed);
        ++generation_;
        sequence_ = 0;
    }

    void write_out(std::string_view text) {
        while (!text.empty()) {
            const auto written = ::write(fd_.get(), text.data(), text.size());
            if (written < 0 && errno != EINTR) fail("write", options_.file);
            if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    const WriteOptions& options_;
    base::UniqueFd fd_;
    std::uint64_t generation_;
    std::uint64_t sequence_ = 0;  // lines of this generation
    std::uint64_t total_ = 0;
    std::string buffer_;  // with `torn`: the end of the last line, for the next write
    Manifest finished_;
};

}  // namespace

Written write_lines(const WriteOptions& options, const std::function<bool()>& stopped) {
    Manifest manifest;
    try {
        Writer writer{options};
        try {
            writer.run(stopped);
        } catch (const std::exception& error) {
            return {.manifest = writer.manifest(), .error = error.what()};
        }
        return {.manifest = writer.manifest(), .error = {}};
    } catch (const std::exception& error) {
        return {.manifest = {}, .error = error.what()};
    }
}

}  // namespace judge
