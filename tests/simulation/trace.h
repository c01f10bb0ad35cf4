#pragma once

#include <cstdint>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

namespace simulation {

// What happened, in order: its hash tells two histories apart, and a person reads it.
class Trace {
 public:
    explicit Trace(bool printed) : printed_(printed) {}

    template <typename... Args>
    void operator()(fmt::format_string<Args...> format, Args&&... args) {
        line_.clear();
        fmt::format_to(std::back_inserter(line_), format, std::forward<Args>(args)...);
        line_.push_back('\n');
        for (const char c : line_) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;  // FNV-1a
        if (printed_) std::fwrite(line_.data(), 1, line_.size(), stdout);
    }
    std::uint64_t hash() const { return hash_; }
    bool printed() const { return printed_; }

 private:
    bool printed_;
    std::uint64_t hash_ = 0xcbf29ce484222325ULL;
    fmt::memory_buffer line_;
};

}  // namespace simulation
