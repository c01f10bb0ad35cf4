#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace center::api {

// How often somebody may do something: so many times at once, and then so many a second.
//
// Thread: its owner's. Remembers at most kKnownMax of those who come; beyond that it forgets them all, once.
class RateLimit {
 public:
    struct Rate {
        double per_second;
        double at_once;
    };

    explicit RateLimit(Rate rate) : rate_(rate) {}

    bool take(const std::string& who, std::chrono::steady_clock::time_point now);    // counts
    bool allows(const std::string& who, std::chrono::steady_clock::time_point now);  // only looks

 private:
    static constexpr std::size_t kKnownMax = 10'000;

    struct Bucket {
        double left;
        std::chrono::steady_clock::time_point at;
    };
    Bucket& bucket_of(const std::string& who, std::chrono::steady_clock::time_point now);

    Rate rate_;
    std::unordered_map<std::string, Bucket> known_;
};

}  // namespace center::api
