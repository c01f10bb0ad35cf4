#pragma once

namespace agent::app {

constexpr const char* kVersion = VENUS_VERSION;  // the project's, from CMakeLists.txt

}  // namespace agent::app
