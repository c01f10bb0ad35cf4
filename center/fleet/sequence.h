// Whether messages under one uid come from one agent.
#pragma once

#include <cstdint>
#include <vector>

namespace center::fleet {

enum class Sequence : std::uint8_t {
    next,      // the message after the last one, or the last one again
    gap,       // something is missing, or the agent began anew: its state is to be asked for
    duplicate  // two agents speak under one uid, and this is the one that came later: it needs another uid
};

// A machine that was cloned speaks under the uid of its original, and each counts for itself. One that begins anew
// never takes up its old count; of two that live, each takes up its own again and again. That is how they are told
// apart. Two that count in step say each number twice, which one does only when its message was lost on the way.
//
// Life: one per agent. Crash: forgotten; two agents show themselves again.
class SequenceWatch {
 public:
    Sequence take(std::uint64_t number);

 private:
    static constexpr std::size_t kStreamsMax = 3;
    static constexpr unsigned kAgainMax = 5;  // numbers in a row that came twice

    Sequence said_again();

    struct Stream {
        std::uint64_t last = 0;
        std::uint64_t begun = 0;  // which stream it was, counted
    };

    std::vector<Stream> streams_;  // the one that spoke last at the end
    std::uint64_t begun_ = 0;
    unsigned again_ = 0;     // numbers in a row that came twice
    bool is_again_ = false;  // the last one did
};

}  // namespace center::fleet
