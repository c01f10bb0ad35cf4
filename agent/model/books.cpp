#include "agent/model/books.h"

#include <numeric>

namespace agent::model {

void add(Dropped& to, const Dropped& more) {
    for (std::size_t i = 0; i < to.size(); ++i) to.at(i) += more.at(i);
}

void Books::pass(std::uint64_t bytes, const Dropped& of_them) {
    acked += bytes - std::accumulate(of_them.begin(), of_them.end(), std::uint64_t{0});
    add(dropped, of_them);
}

Books& Books::operator+=(const Books& other) {
    seen += other.seen;
    read += other.read;
    acked += other.acked;
    add(dropped, other.dropped);
    for (std::size_t i = 0; i < lost.size(); ++i) lost.at(i) += other.lost.at(i);
    return *this;
}

}  // namespace agent::model
