#include "common/process/fields.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/process/names.h"

namespace process {

namespace {

class Rename final : public Processor {
 public:
    explicit Rename(NamedTexts fields) : fields_(std::move(fields)), taken_(fields_.size()) {}

    Verdict process(Record& record) override {
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            const auto* value = record.find(fields_[i].first);
            taken_[i] = value ? std::optional(*value) : std::nullopt;
            if (value) record.remove(fields_[i].first);
        }
        for (std::size_t i = 0; i < fields_.size(); ++i)
            if (taken_[i]) record.put(fields_[i].second) = *taken_[i];
        return Verdict::keep;
    }

 private:
    NamedTexts fields_;
    std::vector<std::optional<Value>> taken_;  // of the record at hand
};

class Remove final : public Processor {
 public:
    explicit Remove(std::vector<std::string> fields) : fields_(std::move(fields)) {}

    Verdict process(Record& record) override {
        for (const auto& name : fields_) record.remove(name);
        return Verdict::keep;
    }

 private:
    std::vector<std::string> fields_;
};

class Keep final : public Processor {
 public:
    explicit Keep(const std::vector<std::string>& fields) : fields_(fields), names_(fields_.begin(), fields_.end()) {}

    Verdict process(Record& record) override {
        prune(record.fields(), names_);
        return Verdict::keep;
    }

 private:
    // Leaves what `names` lead to from this table on.
    static void prune(Value::Table& table, const std::vector<std::string_view>& names) {
        std::erase_if(table, [&](Member& member) {
            if (std::ranges::find(names, member.name) != names.end()) return false;
            if (member.value.kind != Value::Kind::table) return true;
            std::vector<std::string_view> below;
            for (const auto name : names)
                if (name.starts_with(member.name) && name.substr(member.name.size()).starts_with('.'))
                    below.push_back(name.substr(member.name.size() + 1));
            if (below.empty()) return true;
            prune(*member.value.table, below);
            return member.value.table->empty();
        });
    }

    std::vector<std::string> fields_;
    std::vector<std::string_view> names_;  // the same
};

}  // namespace

Made make_rename(const RenameOptions& options) {
    std::vector<OptionError> errors;
    if (options.fields.empty()) errors.push_back({.key = "fields", .message = "is empty (name at least one field)"});
    for (std::size_t i = 0; i < options.fields.size(); ++i) {
        const auto& [from, to] = options.fields[i];
        const auto key = "fields." + from;
        const auto here = options.fields.begin() + static_cast<std::ptrdiff_t>(i);
        check_name(from, key, errors);
        check_name(to, key, errors);
        if (from == to && !to.empty())
            errors.push_back({.key = key, .message = fmt::format("{} has this name already", base::quote(to))});
        if (std::any_of(options.fields.begin(), here, [&](const auto& field) { return field.first == from; }))
            errors.push_back({.key = key, .message = fmt::format("{} is renamed twice", base::quote(from))});
        if (std::any_of(options.fields.begin(), here, [&](const auto& field) { return field.second == to; }))
            errors.push_back({.key = key, .message = fmt::format("{} is the new name of two fields", base::quote(to))});
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<Rename>(options.fields);
}

Made make_remove(const RemoveOptions& options) {
    std::vector<OptionError> errors;
    check_names(options.fields, "fields", errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<Remove>(options.fields);
}

Made make_keep(const KeepOptions& options) {
    std::vector<OptionError> errors;
    check_names(options.fields, "fields", errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<Keep>(options.fields);
}

}  // namespace process
