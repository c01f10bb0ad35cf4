#include "center/api/rate_limit.h"

#include <algorithm>

namespace center::api {

RateLimit::Bucket& RateLimit::bucket_of(const std::string& who, std::chrono::steady_clock::time_point now) {
    if (known_.size() >= kKnownMax && !known_.contains(who)) known_.clear();
    auto& bucket = known_.try_emplace(who, rate_.at_once, now).first->second;
    const std::chrono::duration<double> passed = now - bucket.at;
    bucket.left = std::min(rate_.at_once, bucket.left + passed.count() * rate_.per_second);
    bucket.at = now;
    return bucket;
}

bool RateLimit::allows(const std::string& who, std::chrono::steady_clock::time_point now) {
    return !known_.contains(who) || bucket_of(who, now).left >= 1;
}

bool RateLimit::take(const std::string& who, std::chrono::steady_clock::time_point now) {
    auto& bucket = bucket_of(who, now);
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
}

}  // namespace center::api
