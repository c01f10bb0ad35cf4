#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace simulation {

// Which bytes of a file have found their end.
class Coverage {
 public:
    void add(std::uint64_t begin, std::uint64_t end) {
        if (begin >= end) return;
        auto at = parts_.upper_bound(begin);
        if (at != parts_.begin() && std::prev(at)->second >= begin) at = std::prev(at);
        while (at != parts_.end() && at->first <= end) {
            begin = std::min(begin, at->first);
            end = std::max(end, at->second);
            at = parts_.erase(at);
        }
        parts_[begin] = end;
    }
    void cut(std::uint64_t size) {
        parts_.erase(parts_.lower_bound(size), parts_.end());
        if (!parts_.empty()) parts_.rbegin()->second = std::min(parts_.rbegin()->second, size);
    }
    // Where the first byte stands that has not.
    std::uint64_t prefix() const { return parts_.empty() || parts_.begin()->first > 0 ? 0 : parts_.begin()->second; }

 private:
    std::map<std::uint64_t, std::uint64_t> parts_;  // from begin to end; apart from one another
};

}  // namespace simulation
