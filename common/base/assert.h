// Our own faults stop the process, in every build: a wrong checkpoint costs more than a restart.
#pragma once

namespace base {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace base

#define AGENT_ASSERT(expression) \
    ((expression) ? static_cast<void>(0) : ::base::assertion_failed(#expression, __FILE__, __LINE__))
