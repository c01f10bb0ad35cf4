#include "common/process/name.h"

#include <algorithm>
#include <array>

namespace process {

namespace {

constexpr std::string_view kLabels = "labels.";
constexpr std::string_view kFields = "fields.";
constexpr std::array<std::string_view, 7> kNames = {"line",      "host",      "pipeline", "path",
                                                    "path.name", "path.stem", "path.dir"};

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

}  // namespace

std::span<const std::string_view> Name::reserved() {
    return kNames;
}

Name::Name(std::string_view text) : spelt_(text) {
    if (const auto* known = std::ranges::find(kNames, text); known != kNames.end()) {
        kind_ = static_cast<Kind>(known - kNames.begin() + 1);
    } else if (text.starts_with(kLabels)) {
        kind_ = Kind::label;
        label_ = text.substr(kLabels.size());
    } else if (text.starts_with(kFields)) {
        spelt_ = text.substr(kFields.size());
    }
}

std::string_view Name::constant(const Origin& origin) const {
    switch (kind_) {
        case Kind::host:
            return origin.host;
        case Kind::pipeline:
            return origin.pipeline;
        case Kind::path:
            return origin.path;
        case Kind::path_name:
            return name_of(origin.path);
        case Kind::path_stem:
            return stem_of(origin.path);
        case Kind::path_dir:
            return dir_of(origin.path);
        case Kind::label:
            // A reload can take a label away from under a name that was read before it.
            if (origin.labels)
                if (const auto found = origin.labels->find(label_); found != origin.labels->end()) return found->second;
            return {};
        case Kind::field:
        case Kind::line:
            break;
    }
    return {};
}

bool Name::exists(Record& record) const {
    if (record.find(spelt_)) return true;
    if (is_label()) return record.origin().labels && record.origin().labels->contains(label_);
    return !is_field();
}

std::optional<Value> Name::scalar(Record& record) const {
    if (const auto* field = record.find(spelt_)) {
        if (field->kind == Value::Kind::null || field->kind == Value::Kind::list || field->kind == Value::Kind::table)
            return std::nullopt;
        return *field;
    }
    if (!exists(record)) return std::nullopt;
    return Value::of_text(kind_ == Kind::line ? record.line() : constant(record.origin()));
}

}  // namespace process
