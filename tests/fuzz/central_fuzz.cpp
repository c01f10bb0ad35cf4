// Any text is a file that a center may send, or a list of errors; at the host, what is read never leaves allow_paths.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/assert.h"
#include "common/config/central.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const std::array files{config::CentralFile{.name = "fuzz.toml", .body = text}};
    for (const auto where : {config::Where::host, config::Where::center}) {
        const config::CentralScope scope{.where = where};
        const auto central = config::read_central(files, scope);
        if (!central) {
            AGENT_ASSERT(!central.error().empty());
            continue;
        }
        if (where == config::Where::center) continue;
        for (const auto& pipeline : central->pipelines)
            for (const auto& glob : pipeline.source.include) {
                AGENT_ASSERT(glob.starts_with("/var/log/"));
                AGENT_ASSERT(glob.find("/../") == std::string::npos && !glob.ends_with("/.."));
            }
    }
    return 0;
}
