#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace simulation {

// All chance of a history: the same seed gives the same one.
class Random {
 public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    template <typename T>
    T& any_of(std::vector<T>& values) {
        return values[below(values.size())];
    }

 private:
    std::mt19937_64 engine_;
};

}  // namespace simulation
