// Patterns and paths of any bytes; the first line is the pattern. What matches must be reachable through its folders.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/discover/glob.h"
#include "common/base/assert.h"
#include "common/config/rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto line_end = text.find('\n');
    if (line_end == std::string_view::npos) return 0;
    const std::string pattern(text.substr(0, line_end));
    const auto path = text.substr(line_end + 1);
    if (config::check_include_glob(pattern)) return 0;  // refused by the config
    const agent::discover::Glob glob(pattern);
    if (!glob.matches(path) || !path.starts_with('/') || path.ends_with('/') || path.find("//") != path.npos) return 0;
    const auto folder = agent::discover::parent_of(path);
    AGENT_ASSERT(glob.matches_in(folder));
    for (auto above = folder; above.size() > glob.base().size(); above = agent::discover::parent_of(above))
        AGENT_ASSERT(glob.leads_through(above));
    return 0;
}
