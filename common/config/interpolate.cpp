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

constexpr std::string_view kVariable = "env:";
constexpr std::string_view kFile = "file:";

std::unexpected<base::Error> unknown(std::string_view reference) {
    return base::fail("unknown reference {} (write ${{env:NAME}} or ${{file:/path}}, or $${{ for the text ${{ itself)",
                      base::quote(fmt::format("${{{}}}", reference)));
}

base::Result<std::string> resolve(std::string_view reference) {
    if (reference.starts_with(kVariable)) return read_variable(std::string(reference.substr(kVariable.size())));
    if (reference.starts_with(kFile)) return read_secret_file(std::string(reference.substr(kFile.size())));
    return unknown(reference);
}

// What it resolves to must lie in the folder, whatever `..` and symbolic links are on the way.
base::Result<std::string> resolve_from(const std::filesystem::path& folder, std::string_view reference) {
    if (reference.starts_with(kVariable))
        return base::fail("the environment is not open to a central config (write ${{file:NAME}}, a file in {})",
                          base::quote(folder.string()));
    if (!reference.starts_with(kFile)) return unknown(reference);
    const auto name = reference.substr(kFile.size());
    std::error_code error;
    const auto root = std::filesystem::canonical(folder, error);
    if (error) return base::fail("cannot read {}: {}", base::quote(folder.string()), base::errno_text(error.value()));
    const auto path = std::filesystem::canonical(folder / name, error);
    if (error)
        return base::fail("cannot read {}: {}", base::quote((folder / name).string()), base::errno_text(error.value()));
    const auto inside = path.lexically_relative(root).string();
    if (inside.empty() || inside == "." || inside.starts_with(".."))
        return base::fail("{} is not in {}, which is all that a central config may read secrets from",
                          base::quote(name), base::quote(folder.string()));
    return read_secret_file(path.string());
}

base::Result<std::string> check_reference(std::string_view reference) {
    if (!reference.starts_with(kVariable) && !reference.starts_with(kFile)) return unknown(reference);
    if (reference.find(':') + 1 == reference.size())
        return base::fail("{} names nothing", base::quote(fmt::format("${{{}}}", reference)));
    return std::string();
}

template <typename Resolve>
base::Result<std::string> interpolate_with(std::string_view text, Resolve resolve_one) {
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
        auto resolved = resolve_one(text.substr(at + 2, end - at - 2));
        if (!resolved) return resolved;
        out += text.substr(0, at);
        out += *resolved;
        text.remove_prefix(end + 1);
    }
    out += text;
    return out;
}

template <typename Resolve>
void interpolate_all(Value& value, Resolve resolve_one, Problems& problems) {
    for (auto& item : value.items) interpolate_all(item, resolve_one, problems);
    if (value.kind != Value::Kind::text) return;
    auto resolved = interpolate_with(value.written, resolve_one);
    if (resolved) {
        value.text = std::move(*resolved);
    } else {
        problems.add(value, resolved.error().message);
        value.is_broken = true;
    }
}

}  // namespace

base::Result<std::string> interpolate(std::string_view text) {
    return interpolate_with(text, resolve);
}

void interpolate(Value& value, Problems& problems) {
    interpolate_all(value, resolve, problems);
}

void interpolate_from(const std::string& secrets_dir, Value& value, Problems& problems) {
    interpolate_all(value, [&](std::string_view reference) { return resolve_from(secrets_dir, reference); }, problems);
}

void check_references(Value& value, Problems& problems) {
    for (auto& item : value.items) check_references(item, problems);
    if (value.kind != Value::Kind::text) return;
    bool has_reference = false;
    auto rest = interpolate_with(value.written, [&](std::string_view reference) {
        has_reference = true;
        return check_reference(reference);
    });
    if (!rest) problems.add(value, rest.error().message);
    value.is_broken = has_reference || !rest;
    if (!value.is_broken) value.text = std::move(*rest);
}

}  // namespace config
