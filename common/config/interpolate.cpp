#include "common/config/interpolate.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "common/base/text.h"

namespace config {

namespace {

constexpr std::uintmax_t kFileBytesMax = 64ULL << 10;

base::Result<std::string> read_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
    if (value) return value;
    return base::fail("the environment variable {} is not set (set it, or write $${{ for the text ${{ itself)",
                      base::quote(name));
}

base::Result<std::string> read_secret_file(const std::string& path) {
    if (!path.starts_with('/')) {
        return base::fail("{} is not an absolute path (write ${{file:/path}})", base::quote(path));
    }
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (error) return base::fail("cannot read {}: {}", base::quote(path), base::errno_text(error.value()));
    if (!std::filesystem::is_regular_file(status)) return base::fail("{} is not a regular file", base::quote(path));
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return base::fail("cannot read {}: {}", base::quote(path), base::errno_text(errno));
    std::string text(kFileBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kFileBytesMax) {
        return base::fail("{} is too large to stand in a config (at most {} bytes)", base::quote(path), kFileBytesMax);
    }
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

base::Result<std::string> resolve(std::string_view reference) {
    constexpr std::string_view kVariable = "env:";
    constexpr std::string_view kFile = "file:";
    if (reference.starts_with(kVariable)) return read_variable(std::string(reference.substr(kVariable.size())));
    if (reference.starts_with(kFile)) return read_secret_file(std::string(reference.substr(kFile.size())));
    return base::fail("unknown reference {} (write ${{env:NAME}} or ${{file:/path}}, or $${{ for the text ${{ itself)",
                      base::quote(fmt::format("${{{}}}", reference)));
}

}  // namespace

base::Result<std::string> interpolate(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto at = text.find("${");
        if (at == std::string_view::npos) break;
        if (at > 0 && text[at - 1] == '$') {
            out += text.substr(0, at);  // with the first of the two dollars
            out += '{';
            text.remove_prefix(at + 2);
            continue;
        }
        const auto end = text.find('}', at);
        if (end == std::string_view::npos) {
            return base::fail("{} has no closing brace (write ${{env:NAME}} or ${{file:/path}})",
                              base::quote(text.substr(at)));
        }
        auto resolved = resolve(text.substr(at + 2, end - at - 2));
        if (!resolved) return resolved;
        out += text.substr(0, at);
        out += *resolved;
        text.remove_prefix(end + 1);
    }
    out += text;
    return out;
}

void interpolate(Value& value, Problems& problems) {
    for (auto& item : value.items) interpolate(item, problems);
    if (value.kind != Value::Kind::text) return;
    auto resolved = interpolate(std::string_view(value.written));
    if (resolved) {
        value.text = std::move(*resolved);
    } else {
        problems.add(value, resolved.error().message);
        value.is_broken = true;
    }
}

}  // namespace config
