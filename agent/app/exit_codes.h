#pragma once

namespace agent::app {

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;
constexpr int kExitBadConfig = 2;

}  // namespace agent::app
