// [[pipelines.processors]].
#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/text.h"
#include "common/config/fields.h"
#include "common/config/rules.h"
#include "common/config/sections.h"
#include "common/process/chain.h"

namespace config {

namespace {

using process::ProcessorOptions;

constexpr std::array<std::string_view, 3> kKeysOfAll = {"type", "name", "when"};

const Value* usable_fields(const Value& item, Value::Kind kind, std::string_view wanted, Problems& problems) {
    const auto* fields = usable(item, "fields");
    if (!fields) return nullptr;
    const auto scalar = kind == Value::Kind::table ? "a string in quotes" : "the name of a field, in quotes";
    if (fields->kind != kind) {
        problems.add(*fields, fmt::format("is {} (write {})", describe(fields->kind), wanted));
        return nullptr;
    }
    for (const auto& one : fields->items)
        if (one.kind != Value::Kind::text && !one.is_broken)
            problems.add(one, fmt::format("is {} (write {})", describe(one.kind), scalar));
    return fields;
}

void take_fields(const Value& item, process::NamedTexts& out, std::string_view wanted, Problems& problems) {
    if (const auto* fields = usable_fields(item, Value::Kind::table, wanted, problems))
        for (const auto& one : fields->items)
            if (one.kind == Value::Kind::text && !one.is_broken) out.emplace_back(one.name, one.text);
}

void take_fields(const Value& item, std::vector<std::string>& out, Problems& problems) {
    if (const auto* fields = usable_fields(item, Value::Kind::list, "a list: [\"name\"]", problems))
        for (const auto& one : fields->items)
            if (one.kind == Value::Kind::text && !one.is_broken) out.push_back(one.text);
}

// One text stands for a list of one.
void take_texts(const Value& item, std::string_view name, std::vector<std::string>& out) {
    const auto* value = usable(item, name);
    if (value && value->kind == Value::Kind::text) out = {value->text};
    if (value && value->kind == Value::Kind::list) take(item, name, out);
}

// --- one processor each ---

process::FilterOptions read_filter(const Value& item, Problems& /*problems*/) {
    process::FilterOptions options;
    take_texts(item, "include", options.include);
    take_texts(item, "exclude", options.exclude);
    take(item, "where", options.where);
    return options;
}

process::SampleOptions read_sample(const Value& item, Problems& problems) {
    process::SampleOptions options;
    take(item, "rate", options.rate);
    take(item, "key", options.key);
    take(item, "add_rate", options.add_rate);
    if (!item.find("rate")) problems.add_missing(item, "rate", "is missing (write rate = 0.1)");
    return options;
}

process::ParseOptions read_parse(const Value& item, Problems& problems) {
    process::ParseOptions options;
    take_choice(item, "format", "pipelines.processors.format", options.format);
    take(item, "pattern", options.pattern);
    take(item, "columns", options.columns);
    take(item, "field", options.field);
    take(item, "into", options.into);
    take_choice(item, "on_error", "pipelines.processors.on_error", options.on_error);
    if (!item.find("format")) problems.add_missing(item, "format", "is missing (write format = \"json\")");
    return options;
}

process::TimestampOptions read_timestamp(const Value& item, Problems& /*problems*/) {
    process::TimestampOptions options;
    take(item, "field", options.field);
    take(item, "formats", options.formats);
    take(item, "zone", options.zone);
    if (usable(item, "future_max")) take(item, "future_max", options.future_max.emplace());
    return options;
}

process::SetOptions read_set(const Value& item, Problems& problems) {
    process::SetOptions options;
    take_fields(item, options.fields, "a table: { name = \"{host}\" }", problems);
    return options;
}

process::RenameOptions read_rename(const Value& item, Problems& problems) {
    process::RenameOptions options;
    take_fields(item, options.fields, "a table: { old = \"new\" }", problems);
    return options;
}

process::RemoveOptions read_remove(const Value& item, Problems& problems) {
    process::RemoveOptions options;
    take_fields(item, options.fields, problems);
    return options;
}

process::KeepOptions read_keep(const Value& item, Problems& problems) {
    process::KeepOptions options;
    take_fields(item, options.fields, problems);
    return options;
}

process::ConvertOptions read_convert(const Value& item, Problems& problems) {
    process::ConvertOptions options;
    take_fields(item, options.fields, "a table: { name = \"int\" }", problems);
    return options;
}

process::RedactOptions read_redact(const Value& item, Problems& problems) {
    process::RedactOptions options;
    if (usable(item, "preset")) take_choice(item, "preset", "pipelines.processors.preset", options.preset.emplace());
    take(item, "pattern", options.pattern);
    take(item, "replacement", options.replacement);
    take(item, "hash_key", options.hash_key);
    take_fields(item, options.fields, problems);
    return options;
}

struct Type {
    std::string_view name;
    std::vector<std::string_view> keys;
    void (*read)(const Value& item, ProcessorOptions& options, Problems& problems);
};

template <auto Read>
void read_into(const Value& item, ProcessorOptions& options, Problems& problems) {
    options.what = Read(item, problems);
}

std::span<const Type> types() {
    static const std::vector<Type> all = {
        {"filter", {"include", "exclude", "where"}, read_into<read_filter>},
        {"sample", {"rate", "key", "add_rate"}, read_into<read_sample>},
        {"parse", {"format", "pattern", "columns", "field", "into", "on_error"}, read_into<read_parse>},
        {"timestamp", {"field", "formats", "zone", "future_max"}, read_into<read_timestamp>},
        {"set", {"fields"}, read_into<read_set>},
        {"rename", {"fields"}, read_into<read_rename>},
        {"remove", {"fields"}, read_into<read_remove>},
        {"keep", {"fields"}, read_into<read_keep>},
        {"convert", {"fields"}, read_into<read_convert>},
        {"redact", {"preset", "pattern", "replacement", "hash_key", "fields"}, read_into<read_redact>},
    };
    return all;
}

void refuse_other_keys(const Value& item, const Type& type, Problems& problems) {
    for (const auto& member : item.items) {
        if (member.is_broken) continue;  // an unknown key, which was told
        const bool is_of_all = std::ranges::find(kKeysOfAll, member.name) != kKeysOfAll.end();
        if (is_of_all || std::ranges::find(type.keys, member.name) != type.keys.end()) continue;
        problems.add_unknown(member,
                             fmt::format("is no key of {} (which has: {})", type.name, fmt::join(type.keys, ", ")));
    }
}

// The type, and a number behind it from the second one of a kind on.
std::string default_name(std::string_view type, const std::set<std::string>& taken) {
    std::string name(type);
    for (int i = 2; taken.contains(name); ++i) name = fmt::format("{}-{}", type, i);
    return name;
}

void read_name(const Value& item, std::string_view type, std::set<std::string>& taken, ProcessorOptions& options,
               Problems& problems) {
    take(item, "name", options.name);
    if (options.name.empty()) options.name = default_name(type, taken);
    if (const auto* value = usable(item, "name")) {
        hold(item, "name", check_name, problems);
        if (taken.contains(options.name))
            problems.add(*value, fmt::format("{} is the name of another processor of the pipeline (choose another)",
                                             base::quote(options.name)));
    }
    taken.insert(options.name);
}

bool is_broken(const Value& item) {
    return std::ranges::any_of(item.items, [](const Value& member) {
        return member.is_broken || std::ranges::any_of(member.items, &Value::is_broken);
    });
}

// A processor that was read, and where.
struct Place {
    const Value* item;
    bool told_of_fields;  // what is wrong with them: they have fewer names than the user wrote
};

// Where the key of an OptionError leads: "include[1]", "fields.name".
const Value* locate(const Value& item, std::string_view key) {
    const auto end = std::min(key.find_first_of("[."), key.size());
    const auto* value = item.find(key.substr(0, end));
    if (!value) return &item;
    if (end < key.size() && key[end] == '.') {
        const auto* member = value->find(key.substr(end + 1));
        return member ? member : value;
    }
    std::size_t index = 0;
    if (end < key.size()) std::from_chars(key.data() + end + 1, key.data() + key.size(), index);
    return index < value->items.size() ? &value->items[index] : value;
}

}  // namespace

std::vector<ProcessorOptions> read_processors(const Value& pipeline, const Labels& labels, Problems& problems) {
    std::vector<ProcessorOptions> processors;
    std::vector<Place> places;
    std::set<std::string> taken;
    const auto* list = usable(pipeline, "processors");
    if (!list) return processors;
    for (const auto& item : list->items) {
        if (item.is_broken) continue;
        const auto* type_value = item.find("type");
        if (!type_value) problems.add_missing(item, "type", "is missing (write type = \"filter\")");
        if (!type_value || type_value->is_broken) continue;
        const auto known = types();
        const auto type = std::ranges::find(known, std::string_view(type_value->text), &Type::name);
        AGENT_ASSERT(type != known.end());  // check_keys() held it against the choices
        ProcessorOptions options;
        read_name(item, type->name, taken, options, problems);
        take(item, "when", options.when);
        refuse_other_keys(item, *type, problems);
        const auto told_before = problems.count();
        type->read(item, options, problems);
        if (is_broken(item)) continue;
        processors.push_back(std::move(options));
        places.push_back({.item = &item, .told_of_fields = item.find("fields") && problems.count() > told_before});
    }
    if (const auto chain = process::Chain::make(processors, labels); !chain)
        for (const auto& [processor, error] : chain.error()) {
            const auto& [item, told_of_fields] = places[processor];
            if (!told_of_fields || error.key != "fields") problems.add(*locate(*item, error.key), error.message);
        }
    return processors;
}

}  // namespace config
