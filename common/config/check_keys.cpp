#include "common/config/check_keys.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/config/keys.h"

namespace config {

namespace {

using Kind = Value::Kind;

void refuse(Value& value, Problems& problems, std::string message) {
    problems.add(value, std::move(message));
    value.is_broken = true;
}

bool expect(Value& value, Kind kind, std::string_view wanted, Problems& problems) {
    if (value.kind == kind) return !value.is_broken;
    refuse(value, problems, fmt::format("is {} (write {})", describe(value.kind), wanted));
    return false;
}

void check_choice(Value& value, const KeySpec& spec, Problems& problems) {
    if (spec.choices.empty() || std::ranges::find(spec.choices, value.text) != spec.choices.end()) return;
    if (std::ranges::find(spec.later_choices, value.text) != spec.later_choices.end()) {
        return refuse(value, problems,
                      fmt::format("{} is not supported by this version (leave it out, or use one of: {})",
                                  base::quote(value.text), fmt::join(spec.choices, ", ")));
    }
    refuse(value, problems, unknown_word(value.text, spec.choices));
}

template <typename Parsed>
void check_unit(Value& value, const Parsed& parsed, Problems& problems) {
    if (!parsed) refuse(value, problems, parsed.error().message);
}

void check_texts(Value& list, const KeySpec& spec, Problems& problems) {
    const bool lone = list.kind == Kind::text && !list.is_broken;
    const auto wanted =
        lone ? fmt::format("[{}]", base::quote(list.written)) : std::string("a list of strings: [\"…\"]");
    if (!expect(list, Kind::list, wanted, problems)) return;
    for (auto& item : list.items) {
        if (expect(item, Kind::text, "a string in quotes", problems)) check_choice(item, spec, problems);
    }
}

void check_text_map(Value& table, Problems& problems) {
    if (!expect(table, Kind::table, "a table: { name = \"value\" }", problems)) return;
    for (auto& item : table.items) (void)expect(item, Kind::text, "a string in quotes", problems);
}

void check_scalar_map(Value& table, Problems& problems) {
    if (!expect(table, Kind::table, "a table: { name = \"value\" }", problems)) return;
    for (auto& item : table.items) {
        if (item.kind == Kind::table) {
            check_scalar_map(item, problems);  // a.b = 1 is what "a.b" = 1 means
        } else if (item.kind == Kind::list || item.kind == Kind::time) {
            refuse(item, problems, fmt::format("is {} (write a string, number or boolean)", describe(item.kind)));
        }
    }
}

void check_table(Value& table, std::string_view way, Problems& problems);

void check_tables(Value& list, const KeySpec& spec, Problems& problems) {
    if (!expect(list, Kind::list, fmt::format("[[{}]], with two brackets", spec.key), problems)) return;
    for (auto& item : list.items) {
        if (expect(item, Kind::table, fmt::format("a table: [[{}]]", spec.key), problems)) {
            check_table(item, spec.key, problems);
        }
    }
}

void check_named_tables(Value& table, const KeySpec& spec, Problems& problems) {
    if (!expect(table, Kind::table, fmt::format("a table: [{}.NAME]", spec.key), problems)) return;
    const auto way = fmt::format("{}.NAME", spec.key);
    for (auto& item : table.items) {
        if (expect(item, Kind::table, fmt::format("a table: [{}]", item.key), problems))
            check_table(item, way, problems);
    }
}

void check_number(Value& value, Problems& problems) {
    if (value.kind == Kind::real) return;
    (void)expect(value, Kind::integer, "a number without quotes", problems);
}

void check_value(Value& value, const KeySpec& spec, Problems& problems) {
    switch (spec.type) {
        case KeyType::text:
            if (expect(value, Kind::text, "a string in quotes", problems)) check_choice(value, spec, problems);
            return;
        case KeyType::boolean:
            return static_cast<void>(expect(value, Kind::boolean, "true or false, without quotes", problems));
        case KeyType::number:
            return check_number(value, problems);
        case KeyType::duration:
            if (expect(value, Kind::text, "a duration in quotes: \"30s\"", problems)) {
                check_unit(value, base::parse_duration(value.text), problems);
            }
            return;
        case KeyType::size:
            if (expect(value, Kind::text, "a size in quotes: \"1MiB\"", problems)) {
                check_unit(value, base::parse_size(value.text), problems);
            }
            return;
        case KeyType::rate:
            if (expect(value, Kind::text, "a rate in quotes: \"10MiB\" or \"5000\" a second", problems)) {
                check_unit(value, base::parse_rate(value.text), problems);
            }
            return;
        case KeyType::texts:
            return check_texts(value, spec, problems);
        case KeyType::text_or_texts:
            if (value.kind != Kind::text) check_texts(value, spec, problems);
            return;
        case KeyType::text_map:
            return check_text_map(value, problems);
        case KeyType::scalar_map:
            return check_scalar_map(value, problems);
        case KeyType::table:
            if (expect(value, Kind::table, fmt::format("a table: [{}]", spec.key), problems)) {
                check_table(value, spec.key, problems);
            }
            return;
        case KeyType::tables:
            return check_tables(value, spec, problems);
        case KeyType::named_tables:
            return check_named_tables(value, spec, problems);
        case KeyType::any:
            return;
    }
}

// A key of this name in another table: the usual slip is to write it one table too early or too late.
const KeySpec* find_elsewhere(std::string_view name) {
    const auto keys = known_keys();
    const auto found = std::ranges::find_if(keys, [&](const KeySpec& spec) {
        const auto dot = spec.key.rfind('.');
        return dot != std::string_view::npos && spec.key.substr(dot + 1) == name;
    });
    return found == keys.end() ? nullptr : &*found;
}

std::string unknown_key(std::string_view name, std::string_view way) {
    const auto known = known_names(way);
    const auto near = base::nearest(name, known);
    if (near && near->is_close) return fmt::format("unknown key (did you mean \"{}\"?)", near->word);
    if (const auto* elsewhere = find_elsewhere(name)) {
        return fmt::format("unknown key here (did you mean \"{}\"?)", elsewhere->key);
    }
    return fmt::format("unknown key (the nearest known key is \"{}\"; known here: {})", near ? near->word : "",
                       fmt::join(known, ", "));
}

void check_table(Value& table, std::string_view way, Problems& problems) {
    for (auto& member : table.items) {
        const auto* spec = find_key(way.empty() ? member.name : fmt::format("{}.{}", way, member.name));
        const bool is_known = spec && member.name != "NAME" && member.name.find('.') == std::string::npos;
        if (is_known) {
            check_value(member, *spec, problems);
        } else {
            problems.add_unknown(member, unknown_key(member.name, way));
            member.is_broken = true;
        }
    }
}

}  // namespace

std::string unknown_word(std::string_view word, std::span<const std::string_view> known) {
    const auto near = base::nearest(word, known);
    if (near && near->is_close)
        return fmt::format("{} is not known (did you mean \"{}\"?)", base::quote(word), near->word);
    return fmt::format("{} is not known (use one of: {})", base::quote(word), fmt::join(known, ", "));
}

void check_keys(Value& root, Problems& problems) {
    check_table(root, "", problems);
}

void check_pipeline_keys(Value& pipeline, Problems& problems) {
    check_table(pipeline, "pipelines", problems);
}

}  // namespace config
