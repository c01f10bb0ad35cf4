#include "common/config/template.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "common/base/text.h"

namespace config {

namespace {

constexpr std::string_view kLabels = "labels.";
constexpr std::string_view kFields = "fields.";
constexpr std::array<std::string_view, 6> kNames = {"host", "pipeline", "path", "path.name", "path.stem", "path.dir"};

std::string_view name_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// A leading dot belongs to the stem: ".bashrc.1" is ".bashrc".
std::string_view stem_of(std::string_view path) {
    const auto name = name_of(path);
    return name.substr(0, name.find('.', 1));
}

std::string_view dir_of(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return {};
    return path.substr(0, slash == 0 ? 1 : slash);
}

base::Error unknown_label(std::string_view label, const Labels& labels) {
    std::vector<std::string_view> known;
    for (const auto& [name, value] : labels) known.push_back(name);
    const auto near = base::nearest(label, known);
    return {fmt::format("agent.labels has no {} ({})", base::quote(label),
                        near ? fmt::format("did you mean {{labels.{}}}?", near->word) : "it is empty")};
}

base::Error unknown_name(std::string_view name) {
    if (name.starts_with(kFields)) return {fmt::format("{{{}}} is not supported by this version (leave it out)", name)};
    const auto near = base::nearest(name, kNames);
    if (near && near->is_close)
        return {fmt::format("unknown name {} (did you mean {{{}}}?)", base::quote(name), near->word)};
    return {
        fmt::format("unknown name {} (write one of: {{host}}, {{pipeline}}, {{path}}, {{path.name}}, {{path.stem}}, "
                    "{{path.dir}}, {{labels.NAME}})",
                    base::quote(name))};
}

}  // namespace

base::Result<Template> Template::parse(std::string_view text, const Labels& labels) {
    using enum Part::Kind;
    constexpr std::array<Part::Kind, kNames.size()> kKinds = {host, pipeline, path, path_name, path_stem, path_dir};
    Template result;
    std::string literal_text;
    const auto append = [&](Part::Kind kind, std::string_view part) {
        if (!literal_text.empty()) result.parts_.push_back({literal, std::exchange(literal_text, {})});
        result.parts_.push_back({kind, std::string(part)});
    };
    while (!text.empty()) {
        if (text.starts_with("{{") || text.starts_with("}}")) {
            literal_text += text[0];
            text.remove_prefix(2);
            continue;
        }
        if (text[0] == '}') return base::fail("a }} without its {{ (write }}}} for the brace itself)");
        if (text[0] != '{') {
            literal_text += text[0];
            text.remove_prefix(1);
            continue;
        }
        const auto end = text.find('}');
        if (end == std::string_view::npos) {
            return base::fail("{} has no closing brace (write {{{{ for the brace itself)", base::quote(text));
        }
        const auto name = text.substr(1, end - 1);
        if (name.starts_with(kLabels)) {
            const auto label_name = name.substr(kLabels.size());
            if (!labels.contains(std::string(label_name))) return std::unexpected(unknown_label(label_name, labels));
            append(label, label_name);
        } else {
            const auto* const known = std::ranges::find(kNames, name);
            if (known == kNames.end()) return std::unexpected(unknown_name(name));
            append(kKinds.at(static_cast<std::size_t>(known - kNames.begin())), "");
        }
        text.remove_prefix(end + 1);
    }
    if (!literal_text.empty()) result.parts_.push_back({literal, literal_text});
    return result;
}

std::string Template::fill(const TemplateScope& scope) const {
    std::string out;
    for (const auto& part : parts_) {
        switch (part.kind) {
            case Part::Kind::literal:
                out += part.text;
                break;
            case Part::Kind::host:
                out += scope.host;
                break;
            case Part::Kind::pipeline:
                out += scope.pipeline;
                break;
            case Part::Kind::path:
                out += scope.path;
                break;
            case Part::Kind::path_name:
                out += name_of(scope.path);
                break;
            case Part::Kind::path_stem:
                out += stem_of(scope.path);
                break;
            case Part::Kind::path_dir:
                out += dir_of(scope.path);
                break;
            case Part::Kind::label:
                // A reload can take a label away from under a template that was parsed before it.
                if (const auto found = scope.labels.find(part.text); found != scope.labels.end()) out += found->second;
                break;
        }
    }
    return out;
}

bool Template::is_constant() const {
    return std::ranges::all_of(parts_, [](const Part& part) { return part.kind == Part::Kind::literal; });
}

}  // namespace config
