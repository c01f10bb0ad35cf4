#include "common/process/template.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/process/json_writer.h"

namespace process {

namespace {

base::Error unknown_label(std::string_view label, const Labels& labels) {
    std::vector<std::string_view> known;
    for (const auto& [name, value] : labels) known.push_back(name);
    const auto near = base::nearest(label, known);
    return {fmt::format("agent.labels has no {} ({})", base::quote(label),
                        near ? fmt::format("did you mean {{labels.{}}}?", near->word) : "it is empty")};
}

base::Error unknown_name(std::string_view name, Template::Scope scope) {
    const bool has_fields = scope == Template::Scope::record;
    if (!has_fields && (name.starts_with("fields.") || name == "line"))
        return {fmt::format("{{{}}} is of a record, and this is filled once for each file (leave it out)", name)};
    const auto near = base::nearest(name, Name::reserved());
    if (near && near->is_close)
        return {fmt::format("unknown name {} (did you mean {{{}}}?)", base::quote(name), near->word)};
    return {
        fmt::format("unknown name {} (write one of: {}{{host}}, {{pipeline}}, {{path}}, {{path.name}}, {{path.stem}}, "
                    "{{path.dir}}, {{labels.NAME}})",
                    base::quote(name), has_fields ? "{fields.NAME}, {line}, " : "")};
}

base::Result<Name> name_of(std::string_view text, const Labels& labels, Template::Scope scope) {
    Name name(text);
    const bool is_of_record = name.is_line() || text.starts_with("fields.");
    const bool is_known = !name.is_field() || text.starts_with("fields.");
    if (!is_known || (is_of_record && scope == Template::Scope::file))
        return std::unexpected(unknown_name(text, scope));
    if (name.is_label() && !labels.contains(name.label())) return std::unexpected(unknown_label(name.label(), labels));
    return name;
}

bool is_of_record(const Name& name) {
    return name.is_field() || name.is_line();
}

void append_value(std::string& out, const Value* value) {
    if (!value || value->kind == Value::Kind::null) return;
    if (value->kind == Value::Kind::text)
        out += value->text;
    else
        append_json(out, *value);
}

}  // namespace

base::Result<Template> Template::parse(std::string_view text, const Labels& labels, Scope scope) {
    Template result;
    std::string literal;
    const auto end_literal = [&] {
        if (!literal.empty()) result.parts_.push_back({.literal = std::exchange(literal, {}), .name = {}});
    };
    while (!text.empty()) {
        if (text.starts_with("{{") || text.starts_with("}}")) {
            literal += text[0];
            text.remove_prefix(2);
            continue;
        }
        if (text[0] == '}') return base::fail("a }} without its {{ (write }}}} for the brace itself)");
        if (text[0] != '{') {
            literal += text[0];
            text.remove_prefix(1);
            continue;
        }
        const auto end = text.find('}');
        if (end == std::string_view::npos)
            return base::fail("{} has no closing brace (write {{{{ for the brace itself)", base::quote(text));
        auto name = name_of(text.substr(1, end - 1), labels, scope);
        if (!name) return std::unexpected(name.error());
        end_literal();
        result.parts_.push_back({.literal = {}, .name = std::move(*name)});
        text.remove_prefix(end + 1);
    }
    end_literal();
    return result;
}

std::string Template::fill(const Origin& origin, std::string_view of_record) const {
    std::string out;
    for (const auto& [literal, name] : parts_) {
        if (literal.empty())
            out += is_of_record(name) ? of_record : name.constant(origin);
        else
            out += literal;
    }
    return out;
}

void Template::append(std::string& out, Record& record) const {
    (void)append_whole(out, record);
}

bool Template::append_whole(std::string& out, Record& record) const {
    bool is_whole = true;
    for (const auto& [literal, name] : parts_) {
        if (!literal.empty()) {
            out += literal;
            continue;
        }
        const auto before = out.size();
        if (name.is_field())
            append_value(out, record.find(name.spelling()));
        else
            out += name.is_line() ? record.line() : name.constant(record.origin());
        if (is_of_record(name) && out.size() == before) is_whole = false;
    }
    return is_whole;
}

bool Template::is_constant() const {
    return std::ranges::all_of(parts_, [](const Part& part) { return !part.literal.empty(); });
}

bool Template::reads_record() const {
    return std::ranges::any_of(parts_,
                               [](const Part& part) { return part.literal.empty() && is_of_record(part.name); });
}

}  // namespace process
