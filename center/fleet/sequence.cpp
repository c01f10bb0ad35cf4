#include "center/fleet/sequence.h"

#include <algorithm>
#include <utility>

namespace center::fleet {

Sequence SequenceWatch::take(std::uint64_t number) {
    if (!streams_.empty()) {
        auto& current = streams_.back();
        if (number == current.last) return said_again();
        if (number == current.last + 1) {
            if (!std::exchange(is_again_, false)) again_ = 0;
            current.last = number;
            return Sequence::next;
        }
    }
    const auto other = std::ranges::find_if(streams_, [&](const Stream& s) { return s.last + 1 == number; });
    if (other == streams_.end() || streams_.size() < 2) {
        if (streams_.size() == kStreamsMax) streams_.erase(streams_.begin());
        streams_.push_back({.last = number, .begun = ++begun_});
        return Sequence::gap;
    }
    // One that was silent while another spoke goes on where it was: there are two. The younger one goes; should this
    // be the older one, the younger is found out when it goes on.
    auto resumed = *other;
    resumed.last = number;
    streams_.erase(other);
    const bool is_younger = std::ranges::all_of(streams_, [&](const Stream& s) { return s.begun < resumed.begun; });
    if (is_younger) return Sequence::duplicate;
    streams_.push_back(resumed);
    return Sequence::gap;
}

Sequence SequenceWatch::said_again() {
    if (!std::exchange(is_again_, true)) ++again_;
    if (again_ < kAgainMax) return Sequence::next;
    again_ = 0;
    return Sequence::duplicate;
}

}  // namespace center::fleet
