#include "center/model/rollout.h"

#include <algorithm>
#include <array>

namespace center::model {

namespace {

constexpr std::array<std::string_view, 5> kWords = {"running", "paused", "done", "reverted", "aborted"};

}  // namespace

std::string_view word_of(RolloutState state) {
    return kWords.at(static_cast<std::size_t>(state));
}

std::optional<RolloutState> rollout_state_of(std::string_view word) {
    const auto* const found = std::ranges::find(kWords, word);
    if (found == kWords.end()) return std::nullopt;
    return static_cast<RolloutState>(found - kWords.begin());
}

}  // namespace center::model
