// What becomes of a rollout: pure, so that each odd case is one line of test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "center/model/rollout.h"
#include "center/rollout/gate.h"
#include "common/base/result.h"

namespace center::rollout {

// What is wrong with stages and gate; none: nothing.
std::optional<std::string> check_stages(const std::vector<model::Stage>& stages);
std::optional<std::string> check_gate(const model::Gate& gate);

enum class Patience : std::uint8_t {
    over,
    asked  // the center has just started: agents are on their way back, and nobody is missed yet
};

// The rollout after one look at its agents; none: nothing changes. A breached gate reverts it at once; else it goes to
// the next stage, or is done, when the stage was held for its time and no agent's answer is awaited.
std::optional<model::Rollout> take_step(const model::Rollout& rollout, const Facts& facts, Patience patience,
                                        model::TimeMs now);

enum class Command : std::uint8_t { pause, resume, abort, revert };

// The rollout after what an operator asked for. Errors: that cannot be done in its state. pause: nobody else is
// reached. abort: the same, for good. revert: everybody gets what was before; also of a rollout that is done or
// aborted.
base::Result<model::Rollout> obey(const model::Rollout& rollout, Command command, const std::string& who,
                                  const Facts& facts, model::TimeMs now);

}  // namespace center::rollout
