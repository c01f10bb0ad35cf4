// Any text is a config or a list of errors, each with a place in it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/assert.h"
#include "common/config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto config = config::parse(text); !config) {
        AGENT_ASSERT(!config.error().empty());
        for (const auto& problem : config.error()) AGENT_ASSERT(!config::show(problem, "agent.toml").empty());
    }
    return 0;
}
